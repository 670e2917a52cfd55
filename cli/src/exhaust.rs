//! `pagediff exhaust`: every small case on backends, each held against the reference.

mod bank;
mod state;
mod workers;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use pagediff_terminal::error::{DIVERGENCE, Stop};
use pagediff_terminal::output::{count, paint, write_json};
use put_user_page_case::small::{Bound, Released, Runs, Shapes, every, runs};
use put_user_page_targets::findings::Signature;
use put_user_page_targets::report::Report;
use serde::Serialize;

use self::state::State;
use self::workers::Workers;
use crate::backends::BackendArguments;
use crate::save;

/// Runs every small case on backends: all worlds, arrays and calls up to a bound
///
/// Without a bound it takes about half a minute on one core, in a kernel about one. docs/exhaust.md says what a bound leaves
/// out, and why nothing is lost by it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    backends: BackendArguments,
    #[command(flatten)]
    bound: BoundArguments,
    /// Say how many cases there are, and run none
    #[arg(long)]
    count: bool,
    /// Note in this file how far it got; if it is there, go on from where a run of the same cases
    /// on the same backends stopped, and say how much of that another build of pagediff has run
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Stop after so many minutes; with --state, the next run goes on from there
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1440))]
    minutes: Option<u64>,
    /// Say of each bug of the bank how small a case shows it, the least entries first and then the
    /// least pages
    #[arg(long, conflicts_with_all = ["names", "cflags", "in_kernel", "profile", "kernel", "kernel_free", "kernel_undefined", "time_limit", "night", "count", "state", "minutes"])]
    bugs: bool,
    /// How many cores to use, all if not given; where a kernel is a backend, it is one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Print JSON, with the report of a divergence
    #[arg(long)]
    json: bool,
}

/// What there is of it: the usual bound, that of the night, or one of one's own.
#[derive(clap::Args)]
struct BoundArguments {
    /// The bound of the nightly job: hours
    #[arg(long, conflicts_with_all = ["pages", "entries", "calls", "order", "references"])]
    night: bool,
    /// The most pages of all compound pages together
    #[arg(long, value_name = "N", requires = "entries")]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=8))]
    pages: Option<u8>,
    /// The most entries of an array
    #[arg(long, value_name = "N", requires = "pages")]
    #[arg(value_parser = clap::value_parser!(u8).range(0..=8))]
    entries: Option<u8>,
    /// Calls in a row: two are on arrays that have a compound page in common
    #[arg(long, value_name = "N", default_value_t = 1, requires = "pages")]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=2))]
    calls: u8,
    /// The largest order of a compound page
    #[arg(long, value_name = "N", default_value_t = 2, requires = "pages")]
    #[arg(value_parser = clap::value_parser!(u8).range(0..=3))]
    order: u8,
    /// The most references of a compound page beyond one for each entry
    #[arg(long, value_name = "N", default_value_t = 3, requires = "pages")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=8))]
    references: u16,
}

impl BoundArguments {
    /// The cases; fewer where a kernel is to run them.
    fn shapes(&self, in_kernel: bool) -> Shapes {
        let [references, pins] = [Released::References, Released::Pins]
            .map(|released| self.releasing(released, in_kernel));
        references.and(pins)
    }

    /// Those of one kind of calls.
    fn releasing(&self, released: Released, in_kernel: bool) -> Shapes {
        let BoundArguments { night, calls, order, references: spare, .. } = *self;
        if let (Some(pages), Some(entries)) = (self.pages, self.entries) {
            return every(Bound { calls, pages, order, entries, spare, released });
        }
        let bound = |calls, pages, entries, spare| {
            every(Bound { calls, pages, order: 2, entries, spare, released })
        };
        let long =
            |entries, orders: &[u8]| runs(&Runs { entries, orders: orders.to_vec(), released });
        // What takes this process a minute takes a kernel a night's part.
        match (in_kernel, night, released) {
            (true, false, _) => bound(1, 2, 3, 2).and(bound(2, 2, 2, 1)),
            (false, false, Released::References) | (true, true, Released::References) => {
                bound(1, 4, 3, 3)
                    .and(bound(2, 2, 2, 2))
                    .and(long(15..=35, &[0, 3]))
                    .and(long(60..=140, &[3]))
            }
            // There are more functions, and more states of a page.
            (false, false, Released::Pins) | (true, true, Released::Pins) => {
                bound(1, 4, 2, 1).and(bound(2, 2, 1, 1)).and(long(15..=35, &[0, 1, 3]))
            }
            (false, true, Released::References) => bound(1, 4, 5, 3)
                .and(bound(2, 3, 3, 3))
                .and(long(15..=35, &[0, 1, 2, 3]))
                .and(long(60..=140, &[0, 3, 4])),
            (false, true, Released::Pins) => bound(1, 4, 4, 1)
                .and(bound(2, 3, 2, 1))
                .and(long(15..=35, &[0, 1, 2, 3]))
                .and(long(60..=140, &[0, 3, 4])),
        }
    }
}

/// What there is, and what came of it.
#[derive(Default, Serialize)]
struct Told {
    worlds: u64,
    arrays: usize,
    cases: u64,
    /// The cases that were run, or in an earlier run of which the state is kept.
    done: u64,
    /// How many of these, the first ones, other builds of this program have run.
    by_other_builds: u64,
    /// Cases that a backend did not run in this run.
    skipped: Vec<Skipped>,
    divergence: Option<Diverging>,
}

/// Cases that a backend did not run, for one reason.
#[derive(Serialize)]
struct Skipped {
    backend: String,
    reason: String,
    cases: u64,
}

/// The first case that differs.
#[derive(Serialize)]
struct Diverging {
    /// Its number among all.
    number: u64,
    signature: String,
    file: String,
    report: Report,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let backends = &arguments.backends.for_small_cases();
    if arguments.bugs {
        let shapes = arguments.bound.shapes(false);
        bank::run(&shapes, threads(arguments), arguments.json, out)?;
        return Ok(ExitCode::SUCCESS);
    }
    let shapes = arguments.bound.shapes(backends.has_kernel());
    let (worlds, arrays, cases) = (shapes.worlds(), shapes.arrays(), shapes.cases());
    let mut told = Told { worlds, arrays, cases, ..Told::default() };
    if !arguments.count {
        let state = arguments.state.as_deref();
        let state = state.map(|file| State::open(file, &shapes, backends)).transpose()?;
        let until =
            arguments.minutes.map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
        let workers = Workers { shapes: &shapes, backends, threads: threads(arguments), until };
        let came = workers.run(state.as_ref())?;
        if came.done == cases
            && let Some(state) = &state
        {
            state.remove()?;
        }
        told.done = came.done;
        told.by_other_builds = state.as_ref().map_or(0, State::by_other_builds);
        told.skipped = skipped(came.skipped);
        if let Some(first) = came.first {
            let signature = Signature::of(&first.divergence);
            let file = save::smallest(&shapes.case(first.number), &signature)?;
            let mut report = Report::of(&first.divergence);
            report.reproduce = Some(backends.explain(&file, None));
            told.divergence = Some(Diverging {
                number: first.number,
                signature: signature.to_string(),
                file: file.display().to_string(),
                report,
            });
        }
    }
    if arguments.json {
        write_json(out, &told)?;
    } else {
        told.write(out, arguments.count)?;
    }
    Ok(ExitCode::from(if told.divergence.is_some() { DIVERGENCE } else { 0 }))
}

fn threads(arguments: &Arguments) -> usize {
    if arguments.backends.has_kernel() {
        return 1;
    }
    let all = || thread::available_parallelism().map_or(1, usize::from);
    arguments.threads.map_or_else(all, usize::from)
}

/// As it is told: what differs in values and not in words is one.
fn skipped(skipped: workers::Skipped) -> Vec<Skipped> {
    let mut told: BTreeMap<(String, String), u64> = BTreeMap::new();
    for ((backend, skip), cases) in skipped {
        *told.entry((backend, skip.to_string())).or_default() += cases;
    }
    let told = told.into_iter();
    told.map(|((backend, reason), cases)| Skipped { backend, reason, cases }).collect()
}

impl Told {
    /// For people.
    fn write(&self, out: &mut dyn Write, only_count: bool) -> io::Result<()> {
        let Told { worlds, arrays, cases, done, by_other_builds, skipped, divergence } = self;
        let all = format!("{worlds} worlds, {arrays} arrays, {cases} cases");
        if only_count {
            return writeln!(out, "{all}");
        }
        for Skipped { backend, reason, cases } in skipped {
            writeln!(out, "{backend} skipped {}: {reason}", count(*cases as usize, "case"))?;
        }
        let Some(Diverging { file, report, .. }) = divergence else {
            write!(out, "{all}: 0 divergences")?;
            if done < cases {
                write!(out, " in the first {done}")?;
            }
            if *by_other_builds > 0 {
                write!(out, "; {by_other_builds} were run by other builds of this program")?;
            }
            return writeln!(out);
        };
        writeln!(out, "{}", report.render(&paint()))?;
        writeln!(out, "the case is saved in {file}")?;
        writeln!(out, "{all}: 1 divergence, after {done} without")
    }
}
