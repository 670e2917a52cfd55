//! What only a guest shows. Where the kernel backend is not set up, the tests say so.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use put_user_page_kernel::{GuestJob, Memory, Options, Region, Runner, Which, is_set_up};

fn runner() -> Option<Runner> {
    if !is_set_up(&Which::default()) {
        eprintln!("skipped: the kernel backend is not set up; `scripts/kernel setup` does that");
        return None;
    }
    Some(Runner::start(&Options::default()).unwrap())
}

const REGIONS: [Region; 5] = [
    Region::new(Memory::Anon, 0, 3),
    Region::new(Memory::Anon, 9, 1),
    Region::new(Memory::Memfd, 0, 3),
    Region::new(Memory::Hugetlb, 9, 1),
    Region::new(Memory::File, 0, 3),
];

/// `struct pagediff_job`, then a case: a folio record for each region, and an array with all
/// their pages, which no step of the program fills.
fn job(regions: &[Region]) -> Vec<u8> {
    let mut bytes = vec![0; 8];
    for &Region { memory, order, count } in regions {
        let is_file = u8::from(memory == Memory::File);
        let repeat = u8::try_from(count.get() - 1).unwrap();
        let large = if repeat < 16 { 0 } else { 0x30 };
        bytes.extend([order, is_file | large, repeat, 0, 0, 0, memory as u8, 0]);
    }
    let pages: usize = regions.iter().map(|one| usize::from(one.count.get()) << one.order).sum();
    if pages > 0 {
        let [low, high] = (pages.min(4095) as u16).to_le_bytes();
        let large = if pages < 64 { 0 } else { 0x30 };
        bytes.extend([0x20, large, 0, 0, low, high, 0, 0]);
    }
    bytes
}

/// The status in an answer, and the orders of the pages that the mappings had.
fn orders(answer: &[u8]) -> (u32, &[u8]) {
    let number = |at: usize| u32::from_le_bytes(answer[at..at + 4].try_into().unwrap());
    (number(0), &answer[56..][..number(4) as usize])
}

const RAN: u32 = 0;
const NO_USER_PAGES: u32 = 3;

fn run_one(runner: &mut Runner, regions: &[Region], bytes: &[u8]) -> (u32, Vec<u8>) {
    let mut found = None;
    let ran = runner.run(&[GuestJob { regions, bytes }], &mut |_, result| {
        let (status, orders) = orders(result.unwrap());
        found = Some((status, orders.to_vec()));
    });
    ran.unwrap();
    found.unwrap()
}

#[test]
fn a_guest_answers_jobs() {
    let Some(mut runner) = runner() else { return };
    eprintln!("ready after {:?} with {}", runner.boot_time(), runner.accelerator().name());
    assert!(runner.about().contains_key("release"));
    for regions in [&[][..], &REGIONS] {
        let bytes = job(regions);
        let jobs = vec![GuestJob { regions, bytes: &bytes }; 256];
        let mut best = Duration::MAX;
        for _ in 0..4 {
            let start = Instant::now();
            let mut next = 0;
            let ran = runner.run(&jobs, &mut |index, result| {
                assert_eq!(index, next);
                assert!(result.is_ok());
                next += 1;
            });
            ran.unwrap();
            assert_eq!(next, jobs.len());
            best = best.min(start.elapsed());
        }
        eprintln!("{} regions: {} jobs in {best:?}", regions.len(), jobs.len());
    }
    assert_eq!(runner.take_unexplained(), []);
}

#[test]
fn mappings_have_pages_of_the_orders_that_the_manual_tells() {
    let Some(mut runner) = runner() else { return };
    let mut order_of = |memory, order, count| {
        let regions = [Region::new(memory, order, count)];
        let (status, orders) = run_one(&mut runner, &regions, &job(&regions));
        assert_eq!(status, RAN, "{memory:?} of order {order}");
        assert_eq!(orders.len(), 1);
        orders[0]
    };
    for (asked, given) in [(0, 0), (1, 0), (3, 0), (9, 9), (10, 9)] {
        assert_eq!(order_of(Memory::Anon, asked, 2), given, "anon of order {asked}");
        assert_eq!(order_of(Memory::Memfd, asked, 2), given, "memfd of order {asked}");
    }
    assert_eq!(order_of(Memory::Hugetlb, 9, 16), 9, "the pool has all that a case can have");
}

#[test]
fn a_real_file_has_small_pages() {
    let Some(mut runner) = runner() else { return };
    let disk = runner.about()["disk"].clone();
    if disk != "mounted" {
        eprintln!("skipped: the guest has no disk: {disk}");
        return;
    }
    for order in [0, 4, 9] {
        let regions = [Region::new(Memory::File, order, 3)];
        assert_eq!(run_one(&mut runner, &regions, &job(&regions)), (RAN, vec![0]));
    }
}

/// What a case could leave behind; free pages come and go by themselves, some thousand.
fn left_behind(stats: &BTreeMap<String, u64>) -> [u64; 4] {
    ["nr_dirty", "nr_anon_transparent_hugepages", "nr_shmem", "nr_mapped"].map(|name| stats[name])
}

#[test]
fn jobs_leave_nothing_behind() {
    let Some(mut runner) = runner() else { return };
    let bytes = job(&REGIONS);
    let jobs = vec![GuestJob { regions: &REGIONS, bytes: &bytes }; 100];
    let greedy = [Region::new(Memory::Hugetlb, 9, 17)];
    let mut run = || {
        runner.run(&jobs, &mut |_, result| assert!(result.is_ok())).unwrap();
        // More than the pool has: no page of it, and none lost.
        assert_eq!(run_one(&mut runner, &greedy, &job(&greedy)).0, NO_USER_PAGES);
        runner.stats().unwrap()
    };
    let before = run();
    for _ in 0..3 {
        run();
    }
    let after = run();
    assert_eq!(left_behind(&before), left_behind(&after));
    let pages = before["nr_free_pages"].abs_diff(after["nr_free_pages"]);
    assert!(pages < 1024, "400 jobs have lost or found {pages} pages");
    let all = [Region::new(Memory::Hugetlb, 9, 16)];
    assert_eq!(run_one(&mut runner, &all, &job(&all)).0, RAN, "the pool is whole");
}

/// The processes of QEMU's that this one has started.
fn children() -> Vec<i32> {
    let path = format!("/proc/self/task/{}/children", rustix::thread::gettid().as_raw_nonzero());
    let text = std::fs::read_to_string(path).unwrap();
    text.split_whitespace().map(|number| number.parse().unwrap()).collect()
}

#[test]
fn a_qemu_that_somebody_ends_is_replaced() {
    let Some(mut runner) = runner() else { return };
    let [first] = children()[..] else { panic!("there is one QEMU: {:?}", children()) };
    let qemu = rustix::process::Pid::from_raw(first).unwrap();
    rustix::process::kill_process(qemu, rustix::process::Signal::KILL).unwrap();
    let bytes = job(&[]);
    let jobs = [GuestJob { regions: &[], bytes: &bytes }; 2];
    let mut delivered = 0;
    let ran = runner.run(&jobs, &mut |index, result| {
        assert_eq!(index, delivered);
        assert_eq!(orders(result.unwrap()).0, RAN);
        delivered += 1;
    });
    ran.unwrap();
    assert_eq!(delivered, 2);
    assert_ne!(children(), [first]);
    drop(runner);
    assert_eq!(children(), [], "no QEMU is left behind");
}

#[test]
fn a_region_without_pages_is_no_reason_to_skip() {
    let Some(mut runner) = runner() else { return };
    for memory in [Memory::Anon, Memory::Memfd, Memory::Hugetlb, Memory::File] {
        let regions = [Region::new(memory, 9, 0)];
        assert_eq!(run_one(&mut runner, &regions, &job(&[])).0, RAN, "{memory:?}");
    }
}
