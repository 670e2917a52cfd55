//! What only a guest shows. Where the kernel backend is not set up, the tests say so.
#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use put_user_page_kernel::{GuestJob, Options, Region, Runner, Source, is_set_up};

/// The job of a case without records: `struct pagediff_job` of the module's `uapi.h`.
const NOTHING: [u8; 8] = [0; 8];

/// How an answer starts whose case ran.
const RAN: [u8; 4] = [0; 4];

fn runner() -> Option<Runner> {
    if !is_set_up(None) {
        eprintln!("skipped: the kernel backend is not set up; `scripts/kernel setup` does that");
        return None;
    }
    Some(Runner::start(&Options::default()).unwrap())
}

// Prints how fast it is: `cargo test --release --test boots -- --nocapture` measures.
#[test]
fn a_guest_answers_jobs() {
    let Some(mut runner) = runner() else { return };
    eprintln!("ready after {:?} with {}", runner.boot_time(), runner.accelerator().name());
    assert!(runner.about().contains_key("release"));
    let regions = [
        Region { source: Source::Anon, order: 0, count: 3 },
        Region { source: Source::Anon, order: 9, count: 1 },
        Region { source: Source::Memfd, order: 0, count: 3 },
        Region { source: Source::Hugetlb, order: 9, count: 1 },
    ];
    for regions in [&[][..], &regions] {
        let jobs = [GuestJob { regions, bytes: &NOTHING }; 1024];
        let mut best = Duration::MAX;
        for _ in 0..3 {
            let start = Instant::now();
            let mut next = 0;
            let ran = runner.run(&jobs, &mut |index, result| {
                assert_eq!(index, next);
                assert_eq!(result.unwrap()[..4], RAN);
                next += 1;
            });
            ran.unwrap();
            assert_eq!(next, jobs.len());
            best = best.min(start.elapsed());
        }
        let start = Instant::now();
        for _ in 0..100 {
            runner.run(&jobs[..1], &mut |_, result| assert!(result.is_ok())).unwrap();
        }
        let round = start.elapsed() / 100;
        eprintln!("{} regions: 1024 jobs in {best:?}, 1 job in {round:?}", regions.len());
    }
    assert!(runner.stats().unwrap().contains_key("nr_free_pages"));
    assert_eq!(runner.take_unexplained(), []);
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
    let jobs = [GuestJob { regions: &[], bytes: &NOTHING }; 2];
    let mut delivered = 0;
    let ran = runner.run(&jobs, &mut |index, result| {
        assert_eq!(index, delivered);
        assert_eq!(result.unwrap()[..4], RAN);
        delivered += 1;
    });
    ran.unwrap();
    assert_eq!(delivered, 2);
    assert_ne!(children(), [first]);
    drop(runner);
    assert_eq!(children(), [], "no QEMU is left behind");
}
