//! Once the largest cases were seen, checking a case allocates no memory, nor does changing one.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use fastrand::Rng;
use put_user_page_fuzz_common::{largest, mutator};
use put_user_page_targets::harness::Harness;
use put_user_page_targets::registry;

/// The system's allocator, which counts.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as for `alloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_warm_harness_allocates_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/program");
    let files = fs::read_dir(folder).expect("the corpus is there");
    let mut inputs: Vec<Vec<u8>> =
        files.map(|file| fs::read(file.expect("readable").path()).expect("readable")).collect();
    inputs.sort();
    // `decode` is about forms of a case, which are made anew for each.
    for name in ["program", "put_user_pages_dirty_lock", "candidate"] {
        let target = registry::target(name).expect("a registered target");
        let mut harness = Harness::new(target).expect("the built-in backends load");
        largest::warm_up(&mut harness);
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        for input in &inputs {
            assert!(harness.check(input).is_ok());
        }
        assert_eq!(ALLOCATIONS.load(Ordering::Relaxed) - before, 0, "{name}");
    }
    let mut rng = Rng::with_seed(7);
    let (mut data, mut size) = ([0; 4096], 0);
    let mut mutate = |times| {
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        (0..times).for_each(|_| size = mutator::mutate(&mut data, size, 4096, &mut rng));
        ALLOCATIONS.load(Ordering::Relaxed) - before
    };
    assert!(mutate(20_000) > 0, "the first ones make room");
    assert_eq!(mutate(20_000), 0);
}
