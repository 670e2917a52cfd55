//! Times, in rounds: each contender has its turn in each, and who comes first changes.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::contender::Contender;
use crate::function::Function;
use crate::pages::{Array, Pages};
use crate::workload::Workload;

/// Of each contender, by its number.
pub type ByContender<T> = [T; Contender::ALL.len()];

/// Nanoseconds an entry.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    /// Of the fastest round.
    pub least: f64,
    /// Of the round in the middle.
    pub median: f64,
}

impl Time {
    fn of(mut samples: Vec<f64>) -> Time {
        samples.sort_unstable_by(f64::total_cmp);
        Time { least: samples[0], median: samples[samples.len() / 2] }
    }
}

/// Nanoseconds an entry, of each contender.
pub fn measure(workload: &Workload, function: Function, pages: &Pages) -> ByContender<Time> {
    if workload.threads {
        return in_threads(function, pages);
    }
    let calls = (4096 / pages.entries).max(1);
    let rounds = if calls == 1 { 31 } else { 601 };
    in_rounds(rounds, |contender| one_after_the_other(contender, function, pages, calls))
}

fn in_rounds(rounds: usize, sample: impl Fn(Contender) -> f64) -> ByContender<Time> {
    let mut samples = [const { Vec::new() }; Contender::ALL.len()];
    for round in 0..rounds {
        for turn in 0..Contender::ALL.len() {
            let who = (turn + round) % Contender::ALL.len();
            samples[who].push(sample(Contender::ALL[who]));
        }
    }
    samples.map(Time::of)
}

/// Nanoseconds an entry, each array released so many times. Pages that a call marks are clean
/// before each.
fn one_after_the_other(
    contender: Contender,
    function: Function,
    pages: &Pages,
    calls: usize,
) -> f64 {
    let release = |array: &Array| contender.release(function, array);
    let (resets, calls_a_reset) = if function.marks() { (calls, 1) } else { (1, calls) };
    let mut time = Duration::ZERO;
    for _ in 0..resets {
        pages.reset();
        let start = Instant::now();
        (0..calls_a_reset).for_each(|_| pages.arrays.iter().for_each(release));
        time += start.elapsed();
    }
    time.as_nanos() as f64 / (calls * pages.entries) as f64
}

/// The same of arrays that threads release at the same time, by the clock of the slowest.
fn in_threads(function: Function, pages: &Pages) -> ByContender<Time> {
    const NOBODY: usize = usize::MAX;
    let next = AtomicUsize::new(NOBODY);
    let slowest = AtomicU64::new(0);
    let barrier = Barrier::new(pages.arrays.len() + 1);
    let thread = |array: &Array| loop {
        barrier.wait();
        let Some(contender) = Contender::ALL.get(next.load(Ordering::Relaxed)) else { break };
        let start = Instant::now();
        contender.release(function, array);
        slowest.fetch_max(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        barrier.wait();
    };
    thread::scope(|scope| {
        for array in &pages.arrays {
            scope.spawn(|| thread(array));
        }
        let times = in_rounds(301, |contender| {
            pages.reset();
            next.store(contender as usize, Ordering::Relaxed);
            barrier.wait();
            barrier.wait();
            slowest.swap(0, Ordering::Relaxed) as f64 / pages.arrays[0].entries.len() as f64
        });
        next.store(NOBODY, Ordering::Relaxed);
        barrier.wait();
        times
    })
}
