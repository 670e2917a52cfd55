//! `pagediff kernel bench`: how fast a guest boots and runs cases.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use pagediff_terminal::error::{Stop, error};
use pagediff_terminal::inputs;
use pagediff_terminal::output::write_json;
use pagediff_terminal::table::{self, Align};
use put_user_page_case::Case;
use put_user_page_targets::backend::{Backend, Class, Job, Ran};
use put_user_page_targets::backends::naive;
use put_user_page_targets::trial::Trial;
use put_user_page_targets_kernel::{Api, Kernel};
use serde::Serialize;

use super::KernelArguments;

/// Measures how fast a guest boots and runs cases
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    kernel: KernelArguments,
    /// The corpus to measure with
    #[arg(long, value_name = "DIR", default_value = "corpus")]
    corpus: PathBuf,
    /// How often each figure is measured; the median counts
    #[arg(long, default_value_t = 5)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1000))]
    runs: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Cases that are sent together.
const BATCH: usize = 1024;

/// Batches of one measurement, so that it takes a good part of a second.
const BATCHES: u32 = 16;

/// Round trips of one measurement.
const TRIPS: u32 = 1000;

/// Eight pages, each acquired, marked and released.
const SMALL: &str = "folio a repeat=8 refs=1\nentries a[0..8]\nput_user_pages_dirty_lock\n";

/// A figure, measured several times.
#[derive(Serialize)]
struct Figure {
    what: String,
    unit: &'static str,
    median: f64,
    least: f64,
    most: f64,
}

impl Figure {
    fn new(what: String, unit: &'static str, mut measured: Vec<f64>) -> Figure {
        measured.sort_by(f64::total_cmp);
        let (least, most) = (measured[0], measured[measured.len() - 1]);
        Figure { what, unit, median: measured[measured.len() / 2], least, most }
    }
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let corpus = valid_cases(&arguments.corpus)?;
    let mut reference = naive();
    let null = [Trial::of(&Case::default(), &mut reference)];
    let small = Case::from_text(SMALL).expect("it is a case");
    let small = [Trial::of(&small, &mut reference)];
    let mut figures = Vec::new();
    let mut boots = Vec::new();
    let mut guest = None;
    for _ in 0..arguments.runs {
        drop(guest.take());
        let guest = guest.insert(arguments.kernel.start()?);
        boots.push(guest.boot_time().as_secs_f64());
    }
    let guest = guest.expect("it runs at least once");
    figures.push(Figure::new("boot until ready".to_owned(), "s", boots));
    let mut kernel = guest.backend(Api::Patch)?;
    let mut trips = Vec::new();
    for _ in 0..arguments.runs {
        trips.push(seconds(&mut kernel, &[null[0].job()], TRIPS)? * 1e6);
    }
    figures.push(Figure::new("round trip of one null case".to_owned(), "µs", trips));
    let batches = [&null[..], &small, &corpus]
        .map(|cases| cases.iter().cycle().take(BATCH).map(Trial::job).collect::<Vec<_>>());
    for mut kernel in guest.backends() {
        // Measured by turns, for a machine may be busy in between.
        let mut rates = [Vec::new(), Vec::new(), Vec::new()];
        for _ in 0..arguments.runs {
            for (rates, batch) in rates.iter_mut().zip(&batches) {
                rates.push(BATCH as f64 / seconds(&mut kernel, batch, BATCHES)?);
            }
        }
        let ratios = rates[1].iter().zip(&rates[0]).map(|(small, null)| 100.0 * small / null);
        let ratios = ratios.collect();
        let named = [
            "null case".to_owned(),
            "8 pages".to_owned(),
            format!("{} valid cases of {}", corpus.len(), arguments.corpus.display()),
        ];
        for (what, rates) in named.into_iter().zip(rates) {
            figures.push(Figure::new(format!("{}: {what}", kernel.name()), "cases/s", rates));
        }
        let what = format!("{}: 8 pages, of the null case's rate", kernel.name());
        figures.push(Figure::new(what, "%", ratios));
    }
    write(arguments, out, &figures)?;
    Ok(ExitCode::SUCCESS)
}

/// The cases of a corpus that a kernel can run.
fn valid_cases(corpus: &std::path::Path) -> Result<Vec<Trial>, Stop> {
    let mut reference = naive();
    let mut cases = Vec::new();
    for file in inputs::files(&[corpus.to_owned()])? {
        let case = inputs::read(&file, None)?.case;
        let trial = Trial::of(&case, &mut reference);
        if trial.class() == Class::Valid {
            cases.push(trial);
        }
    }
    if cases.is_empty() {
        let message = format!("there is no valid case in {}", corpus.display());
        return Err(error(message, "name another corpus with `--corpus DIR`"));
    }
    Ok(cases)
}

/// The mean seconds from sending a batch of cases to its last outcome.
fn seconds(kernel: &mut Kernel, batch: &[Job<'_>], batches: u32) -> Result<f64, Stop> {
    let mut all = Duration::ZERO;
    for _ in 0..batches {
        let start = Instant::now();
        let mut failure = None;
        kernel.run(batch, &mut |_, ran| {
            if let Ran::Failed(found) = ran {
                failure = Some(found);
            }
        })?;
        if let Some(failure) = failure.or_else(|| kernel.unexplained().pop()) {
            let message = "the kernel did not survive the cases that it was measured with";
            return Err(error(
                format!("{message}: {failure}"),
                "run `pagediff replay` on them, which tells more",
            ));
        }
        all += start.elapsed();
    }
    Ok(all.as_secs_f64() / f64::from(batches))
}

fn write(arguments: &Arguments, out: &mut dyn Write, figures: &[Figure]) -> std::io::Result<()> {
    if arguments.json {
        return write_json(out, &figures);
    }
    let number = |number: f64| match number {
        0.0..10.0 => format!("{number:.2}"),
        _ => format!("{number:.0}"),
    };
    let mut rows = vec![["figure", "median", "least", "most", "unit"].map(str::to_owned).to_vec()];
    rows.extend(figures.iter().map(|Figure { what, unit, median, least, most }| {
        vec![what.clone(), number(*median), number(*least), number(*most), (*unit).to_owned()]
    }));
    let aligns = [Align::Left, Align::Right, Align::Right, Align::Right, Align::Left];
    table::write(out, &rows, &aligns)
}
