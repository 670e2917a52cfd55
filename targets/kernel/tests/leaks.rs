//! A million cases leave nothing behind in the kernel. Where the kernel backend is not set
//! up, the test says so.

use std::collections::BTreeMap;

use put_user_page_case::Case;
use put_user_page_case::world::World;
use put_user_page_targets::backend::{Backend, Class, Job, Ran};
use put_user_page_targets_kernel::{Kernel, KernelGuest, KernelOptions};

const CASES: usize = 1_000_000;
const BATCH: usize = 4096;

/// What could be left behind: pages that stay in use, that stay dirty in the file's
/// account, and that stay locked, of every kind and size.
const TEXTS: [&str; 8] = [
    "folio a repeat=8 refs=1\nentries a[0..8]\nput_user_pages_dirty_lock\n",
    "folio a kind=file repeat=4\nentries a[0..4]\nput_user_pages_dirty_lock\n",
    "folio a order=1 kind=file dirty refs=2\nentries a[1] a[0]\nput_user_pages\nclean a\n",
    "folio a order=2 refs=1024\nentries a[0..4] a[1]\nput_user_pages_dirty\n",
    "folio a order=4 locked\nentries a[0..16]\nput_user_pages\n",
    "folio a kind=file locked\nentries a*3\nput_user_pages_dirty_lock\n",
    "folio a\nfolio b kind=file dirty\nentries a b a\nput_user_page\n",
    "folio a order=3 kind=file\nentries a[7..-1]\nput_user_pages_dirty\nacquire\n",
];

/// The same of user mappings, which take longer.
const MAPPED_TEXTS: [&str; 8] = [
    "folio a from=anon repeat=3\nentries a[0..3]\nput_user_pages_dirty_lock\n",
    "folio a from=memfd refs=3\nentries a*2\nput_user_pages\n",
    "folio a from=file dirty\nentries a\nput_user_pages_dirty_lock\nclean a\n",
    "folio a from=file locked\nentries a*2\nput_user_pages_dirty_lock\n",
    "folio a from=anon order=2\nentries a[3..-1]\nput_user_page\n",
    "folio a from=hugetlb order=9\nentries a[1] a[511]\nput_user_pages_dirty\n",
    "folio a from=memfd locked\nentries a\nput_user_pages_dirty_lock\nacquire\n",
    "folio a from=file\nfolio b\nentries a b a\nput_user_pages\n",
];

/// How many cases with user mappings there are among the million.
const MAPPED: usize = 20_000;

#[test]
fn a_million_cases_leave_nothing_behind() {
    assert!(
        put_user_page_kernel::is_set_up(&put_user_page_kernel::Which::default()),
        "`scripts/kernel setup` sets it up"
    );
    // Half of them let their pages really go.
    for free in [false, true] {
        let guest = KernelGuest::start(KernelOptions { free, ..KernelOptions::default() });
        let guest = guest.unwrap_or_else(|error| panic!("{error}"));
        let mut backends: Vec<Kernel> = guest.backends().collect();
        // The first batches fill what the module and the kernel keep for the next ones.
        run(&mut backends, &TEXTS, BATCH * 3);
        run(&mut backends, &MAPPED_TEXTS, BATCH * 3);
        let before = guest.counters().expect("the guest answers");
        run(&mut backends, &TEXTS, (CASES - MAPPED) / 2);
        run(&mut backends, &MAPPED_TEXTS, MAPPED / 2);
        let after = guest.counters().expect("the guest answers");
        let of = |counters: &BTreeMap<String, u64>, name: &str| counters[name];
        for name in ["nr_writeback", "nr_slab_unreclaimable", "nr_shmem", "nr_mapped"] {
            let (before, after) = (of(&before, name), of(&after, name));
            assert!(after <= before + 64, "{name} went from {before} to {after}");
        }
        assert_eq!(of(&after, "nr_dirty"), of(&before, "nr_dirty"));
        // One page lost in a thousand cases would show; caches of the kernel's take some.
        let lost = of(&before, "nr_free_pages").saturating_sub(of(&after, "nr_free_pages"));
        assert!(lost < CASES as u64 / 2000, "{lost} pages are gone, with free={free}");
    }
}

/// Runs so many cases, on all backends by turns.
fn run(backends: &mut [impl Backend], texts: &[&str; 8], cases: usize) {
    let texts = texts.map(|text| Case::from_text(text).expect("it is a case"));
    let worlds = texts.each_ref().map(World::of);
    let job = |number: usize| {
        let number = number % texts.len();
        Job { case: &texts[number], world: &worlds[number], class: Class::Valid }
    };
    let jobs: Vec<Job<'_>> = (0..BATCH).map(job).collect();
    let (mut ran, mut turn) = (0, 0);
    while ran < cases {
        let backend = turn % backends.len();
        turn += 1;
        let count = BATCH.min(cases - ran);
        let result = backends[backend].run(&jobs[..count], &mut |index, outcome| {
            assert!(matches!(outcome, Ran::Outcome(_)), "{index}: {outcome:?}");
            ran += 1;
        });
        result.unwrap_or_else(|error| panic!("{error}"));
    }
}
