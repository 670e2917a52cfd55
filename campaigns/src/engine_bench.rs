//! `pagediff engine-bench`: how much of an engine's speed a target leaves it.
//!
//! By itself, each engine runs its own loop, with all that it does for each execution, on one input that
//! no mutation changes: the median of the target's committed inputs by size. It does so with
//! the target, and with an empty one: the same program, which looks at no input. They take
//! turns on one core, for a machine may be busy in between; medians count. What an engine
//! does before the loop is not measured, and reading files does not count: libFuzzer's
//! `-runs=N FILE` would read the file for every execution, and flatter the target.

mod live;
mod replay;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pagediff_terminal::error::{Stop, error, file_error};
use pagediff_terminal::inputs::{files_in, target_parser};
use pagediff_terminal::output::write_json;
use pagediff_terminal::repository::find_root;
use pagediff_terminal::table::{self, Align};
use put_user_page_targets::registry::Target;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde::Serialize;

use self::live::Live;
use self::replay::Bench;
use crate::engines::{Engine, Sanitizer};

/// Measures engines on a target, and on an empty one
#[derive(clap::Args)]
pub struct Arguments {
    /// The target
    #[arg(value_name = "TARGET", default_value = "program", value_parser = target_parser())]
    target: &'static Target,
    /// How often each figure is measured; the median counts
    #[arg(long, default_value_t = 5)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1000))]
    runs: u32,
    /// Measures libFuzzer as it makes cases, with the address sanitizer, from the committed corpus
    #[arg(long)]
    live: bool,
    /// How long each live run takes
    #[arg(long, default_value_t = 60, requires = "live")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// Another checkout of this repository, in which `cargo fuzz build` was run, to measure beside
    #[arg(long, value_name = "DIRECTORY", requires = "live")]
    against: Option<PathBuf>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// The engines that are measured, and what share of its speed each is to keep. bolero has
/// libFuzzer in it.
const ENGINES: [(Engine, u32); 3] =
    [(Engine::Libfuzzer, 10), (Engine::Afl, 70), (Engine::Honggfuzz, 70)];

/// What was measured of one engine: medians.
#[derive(Serialize)]
struct Figures {
    engine: &'static str,
    /// Executions a second.
    per_second: f64,
    /// Those of the empty target.
    empty_per_second: f64,
    /// The one of the other, of those that were measured one after the other.
    percent: f64,
    /// What it is to be at least.
    expected_percent: u32,
}

/// All that was measured.
#[derive(Serialize)]
struct Measured {
    target: &'static str,
    /// The input that was run.
    input: PathBuf,
    /// Its size in bytes.
    size: u64,
    engines: Vec<Figures>,
}

/// Runs `pagediff engine-bench`, and returns its exit code.
///
/// # Errors
///
/// It cannot do what it was asked, or the output is closed.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let root = find_root()?;
    let target = arguments.target;
    if arguments.live {
        return run_live(&root, arguments, out);
    }
    for (engine, _) in ENGINES {
        engine.build(&root, Some(target), Sanitizer::None)?;
    }
    let (size, input) = median_input(&root.join("corpus").join(target.name))?;
    let bench = Bench::new(&root, target, &input)?;
    stay_on_one_core()?;
    let engines = ENGINES.map(|(engine, expected)| measure(&bench, engine, expected, arguments));
    let engines = engines.into_iter().collect::<Result<_, Stop>>()?;
    let input = input.strip_prefix(&root).unwrap_or(&input).to_owned();
    let measured = Measured { target: target.name, input, size, engines };
    if arguments.json {
        write_json(out, &measured)?;
    } else {
        write(out, &measured)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Measures libFuzzer as it makes cases. It stays on one core too, as all that it starts.
fn run_live(root: &Path, arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let target = arguments.target;
    Engine::Libfuzzer.build(root, Some(target), Sanitizer::Address)?;
    stay_on_one_core()?;
    let &Arguments { seconds, runs, .. } = arguments;
    let live = Live { root, target, against: arguments.against.as_deref(), seconds, runs };
    let measured = live.measure()?;
    if arguments.json {
        write_json(out, &measured)?;
    } else {
        live::write(out, &measured)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(
    bench: &Bench,
    engine: Engine,
    expected_percent: u32,
    arguments: &Arguments,
) -> Result<Figures, Stop> {
    let (mut rates, mut empty_rates) = (Vec::new(), Vec::new());
    for run in 1..=arguments.runs {
        eprintln!("{}: run {run} of {}", engine.name(), arguments.runs);
        rates.push(bench.rate(engine, false)?);
        empty_rates.push(bench.rate(engine, true)?);
    }
    let percents = rates.iter().zip(&empty_rates).map(|(rate, empty)| 100.0 * rate / empty);
    let percent = median(percents.collect());
    let (per_second, empty_per_second) = (median(rates), median(empty_rates));
    Ok(Figures { engine: engine.name(), per_second, empty_per_second, percent, expected_percent })
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// The median of a directory's inputs by size, and by name among those of one size.
fn median_input(directory: &Path) -> Result<(u64, PathBuf), Stop> {
    let mut inputs = Vec::new();
    for path in files_in(directory)? {
        let metadata = path.metadata().map_err(|why| file_error(&path, "read", &why))?;
        inputs.push((metadata.len(), path));
    }
    inputs.sort();
    let middle = inputs.len() / 2;
    inputs.into_iter().nth(middle).ok_or_else(|| {
        let message = format!("there is no input in {}", directory.display());
        error(message, "fill it with `cargo run --release -- corpus scenarios`")
    })
}

/// This process, and all that it starts from here on, run on one core.
fn stay_on_one_core() -> Result<(), Stop> {
    let cores = sched_getaffinity(None).and_then(|cores| {
        let core = (0..CpuSet::MAX_CPU).rfind(|core| cores.is_set(*core)).unwrap_or(0);
        let mut one = CpuSet::new();
        one.set(core);
        sched_setaffinity(None, &one)
    });
    cores.map_err(|why| error(format!("this cannot stay on one core: {why}"), "run it elsewhere"))
}

fn write(out: &mut dyn Write, measured: &Measured) -> std::io::Result<()> {
    let Measured { target, input, size, engines } = measured;
    writeln!(out, "{target}, on {} ({size} bytes)", input.display())?;
    let columns = ["engine", "executions/s", "empty target's", "share", "expected"];
    let mut rows = vec![columns.map(str::to_owned).to_vec()];
    rows.extend(engines.iter().map(|figures| {
        vec![
            figures.engine.to_owned(),
            format!("{:.0}", figures.per_second),
            format!("{:.0}", figures.empty_per_second),
            format!("{:.1} %", figures.percent),
            format!("{} %", figures.expected_percent),
        ]
    }));
    let aligns = [Align::Left, Align::Right, Align::Right, Align::Right, Align::Right];
    table::write(out, &rows, &aligns)
}
