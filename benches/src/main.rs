//! Releasing arrays: the library against peers in C, on the same pages, in turn in one run, so
//! that a noisy machine is noisy for all. `scripts/bench` runs it.

mod contender;
mod function;
mod goal;
mod pages;
mod peers;
mod table;
mod workload;

use std::time::{Duration, Instant};

use contender::{CONTENDERS, Contender};
use function::{FUNCTIONS, Function};
use pages::Pages;
use table::{Row, Time};
use workload::Workload;

fn main() {
    let parts: Vec<String> = std::env::args().skip(1).collect();
    let chosen = |workload: &Workload| {
        parts.is_empty() || parts.iter().any(|part| workload.name.contains(part.as_str()))
    };
    let workloads: Vec<Workload> = workload::all().into_iter().filter(chosen).collect();
    if workloads.is_empty() {
        eprintln!("error: no workload has `{}` in its name", parts.join("` or `"));
        eprintln!("name a part of one, such as `random`, or nothing for all");
        std::process::exit(2);
    }
    table::head();
    let mut missed = 0;
    for workload in &workloads {
        let pages = Pages::of(workload);
        for function in FUNCTIONS {
            let row = Row { workload, function, times: measure(function, &pages) };
            missed += usize::from(!row.meets_its_goal());
            row.print();
        }
    }
    println!("\n{missed} of {} goals missed", workloads.len() * FUNCTIONS.len());
}

/// Nanoseconds an entry, of each contender. Who comes first changes from round to round.
fn measure(function: Function, pages: &Pages) -> [Time; CONTENDERS.len()] {
    let calls = (4096 / pages.entries.len()).max(1);
    let rounds = if calls == 1 { 21 } else { 301 };
    let mut samples = [const { Vec::new() }; CONTENDERS.len()];
    for round in 0..rounds {
        for turn in 0..CONTENDERS.len() {
            let who = (turn + round) % CONTENDERS.len();
            samples[who].push(sample(CONTENDERS[who], function, pages, calls));
        }
    }
    samples.map(Time::of)
}

/// Nanoseconds an entry in so many calls. Pages that a call marks are clean before each.
fn sample(contender: Contender, function: Function, pages: &Pages, calls: usize) -> f64 {
    let (rounds, calls_a_round) = if function.marks() { (calls, 1) } else { (1, calls) };
    let mut time = Duration::ZERO;
    for _ in 0..rounds {
        pages.reset();
        let start = Instant::now();
        (0..calls_a_round).for_each(|_| contender.release(function, pages));
        time += start.elapsed();
    }
    time.as_nanos() as f64 / (calls * pages.entries.len()) as f64
}
