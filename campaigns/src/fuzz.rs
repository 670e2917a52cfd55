//! `pagediff fuzz`: what scripts/fuzz calls: every target, or one, under one engine or all.

mod afl;
pub(crate) mod figures;
mod honggfuzz;
mod interrupts;
pub(crate) mod libfuzzer;
mod places;
mod progress;
mod running;
mod summary;

use put_user_page_kernel::Which;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io::Write;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use pagediff_terminal::error::{DIVERGENCE, Stop, error};
use pagediff_terminal::output::write_json;
use pagediff_terminal::repository::find_root;
use put_user_page_targets::registry::{Check, TARGETS, Target};

use self::figures::Figures;
use self::places::Places;
use self::progress::Progress;
use self::running::{Message, Running};
pub(crate) use self::summary::write_table;
use crate::engines::{Engine, Sanitizer};
use crate::record::{EngineRecord, Sample, TargetRecord};

/// Fuzzes every target, or one, from the committed corpora
#[derive(clap::Args)]
pub struct Arguments {
    /// The target, or `all`
    #[arg(value_name = "TARGET", default_value = ALL, value_parser = names())]
    target: String,
    /// For how long; all targets share the time
    #[arg(value_name = "SECONDS", default_value_t = 60)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    seconds: u64,
    /// What fuzzes: an engine, or `all`, which share the time and what they find
    #[arg(long, value_name = "ENGINE", default_value = "libfuzzer", value_parser = engines())]
    engine: Engines,
    /// What checks the memory accesses
    #[arg(long, value_enum, default_value = "address")]
    sanitizer: Sanitizer,
    /// Prints what each engine did as JSON, in the form of `pagediff report`'s record
    #[arg(long)]
    json: bool,
}

/// Some engines.
pub(crate) type Engines = &'static [Engine];

/// What stands for all targets.
const ALL: &str = "all";

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new([ALL].into_iter().chain(TARGETS.iter().map(|target| target.name)))
}

/// Takes the name of an engine, or of all, as an argument.
pub(crate) fn engines() -> impl TypedValueParser<Value = Engines> {
    let names = Engine::ALL.map(Engine::name).into_iter().chain([ALL]);
    PossibleValuesParser::new(names).map(|name| {
        let number = Engine::ALL.iter().position(|engine| engine.name() == name);
        number.map_or(&Engine::ALL[..], |number| &Engine::ALL[number..=number])
    })
}

/// An engine on a target.
#[derive(Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) engine: Engine,
    pub(crate) target: &'static Target,
}

impl fmt::Display for Pair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} on {}", self.engine.name(), self.target.name)
    }
}

/// One engine's run on one target, when it is over.
pub(crate) struct PairRun {
    pub(crate) pair: Pair,
    figures: Figures,
    samples: Vec<Sample>,
    time: Duration,
    /// Whether the engine ended as it does when nothing crashed.
    succeeded: bool,
    /// Inputs that made the target crash or hang.
    pub(crate) crashes: Vec<PathBuf>,
    pub(crate) last_lines: Vec<String>,
}

/// All that came of fuzzing.
pub(crate) struct Fuzzed {
    /// In the order of targets.
    pub(crate) runs: Vec<PairRun>,
    /// What diverged, for each target.
    pub(crate) findings: Vec<(&'static Target, Vec<PathBuf>)>,
}

impl Fuzzed {
    /// What each target's engines did, for the record.
    pub(crate) fn records(&self) -> Vec<TargetRecord> {
        let records = self.findings.iter().map(|(target, _)| {
            let runs = self.runs.iter().filter(|run| run.pair.target.name == target.name);
            let engines = runs.map(PairRun::record).collect();
            TargetRecord { name: target.name.to_owned(), engines, corpus: None }
        });
        records.collect()
    }

    /// Whether anything diverged, crashed or hung.
    fn found_something(&self) -> bool {
        let diverged = self.findings.iter().any(|(_, findings)| !findings.is_empty());
        diverged || self.runs.iter().any(|run| !run.crashes.is_empty())
    }

    /// An engine that failed, and not over an input, is an error.
    pub(crate) fn check_engines(&self, out: &mut dyn Write) -> Result<(), Stop> {
        let broken = self.runs.iter().find(|run| !run.succeeded && run.crashes.is_empty());
        let Some(PairRun { pair, last_lines, .. }) = broken else { return Ok(()) };
        out.flush()?;
        eprintln!("{}", last_lines.join("\n"));
        let message = format!("{pair} failed, and not by a divergence");
        Err(error(message, "its last lines are above"))
    }
}

impl PairRun {
    fn record(&self) -> EngineRecord {
        let (figures, seconds) = (self.figures, self.time.as_secs_f64());
        EngineRecord {
            engine: self.pair.engine.name().to_owned(),
            seconds,
            executions: figures.executions,
            per_second: figures.executions as f64 / seconds,
            coverage: Some(figures.coverage),
            samples: self.samples.clone(),
        }
    }
}

/// Runs `pagediff fuzz`, and returns its exit code.
///
/// # Errors
///
/// It cannot do what it was asked, or the output is closed.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let root = find_root()?;
    let one = TARGETS.iter().find(|target| target.name == arguments.target);
    for engine in arguments.engine {
        engine.build(&root, one, arguments.sanitizer)?;
    }
    let Arguments { engine, sanitizer, seconds, .. } = *arguments;
    let fuzzed = fuzz(&root, &targets(one), (engine, sanitizer, seconds))?;
    if arguments.json {
        write_json(out, &fuzzed.records())?;
        fuzzed.check_engines(out)?;
    } else {
        summary::write(out, &fuzzed, &root)?;
    }
    Ok(ExitCode::from(if fuzzed.found_something() { DIVERGENCE } else { 0 }))
}

/// Fuzzes targets with engines that are built, for so many seconds in all.
pub(crate) fn fuzz(
    root: &Path,
    targets: &[&'static Target],
    (engines, sanitizer, seconds): (&[Engine], Sanitizer, u64),
) -> Result<Fuzzed, Stop> {
    // Times of files are as old as the last tick of the system's clock.
    let started = SystemTime::now() - Duration::from_millis(100);
    let pairs = targets.iter().flat_map(|&target| {
        // All engines of a target side by side, for they learn from each other.
        engines.iter().map(move |&engine| Pair { engine, target })
    });
    let pairs: VecDeque<Pair> = pairs.collect();
    let at_once = cores();
    let rounds = pairs.len().div_ceil(at_once) as u64;
    let each = (seconds / rounds).max(1);
    let progress = Progress::new(each);
    let runs = run_all(root, pairs, at_once, &progress, (sanitizer, each))?;
    progress.clear();
    let findings = targets.iter().map(|&target| {
        Places::of(root, target).findings_since(started).map(|found| (target, found))
    });
    Ok(Fuzzed { runs, findings: findings.collect::<Result<_, Stop>>()? })
}

/// How many engines run at once.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// The target, or all that can run here.
pub(crate) fn targets(one: Option<&'static Target>) -> Vec<&'static Target> {
    if let Some(target) = one {
        return vec![target];
    }
    let mut targets: Vec<&'static Target> = TARGETS.iter().collect();
    if !put_user_page_kernel::is_set_up(&Which::default()) {
        eprintln!("note: the target kernel is left out: run `scripts/kernel setup` for it");
        targets.retain(|target| target.check != Check::Kernel);
    }
    targets
}

/// How often running engines are looked after.
const TICK: Duration = Duration::from_secs(1);

/// Runs the pairs, so many at once, each for so many seconds, and returns their runs in order.
fn run_all(
    root: &Path,
    mut waiting: VecDeque<Pair>,
    at_once: usize,
    progress: &Progress,
    each: (Sanitizer, u64),
) -> Result<Vec<PairRun>, Stop> {
    let total = waiting.len();
    let (sender, messages) = mpsc::channel();
    let _caught = interrupts::catch(sender.clone())?;
    // Dropped on any way out of here, which ends the processes.
    let mut all: Vec<Running> = Vec::new();
    let mut runs = BTreeMap::new();
    let mut ticked = Instant::now();
    while runs.len() < total {
        while all.iter().filter(|running| running.is_running).count() < at_once {
            let Some(pair) = waiting.pop_front() else { break };
            let places = Places::of(root, pair.target);
            all.push(Running::start(all.len(), pair, places, each, &sender, progress)?);
        }
        match messages.recv_timeout(Duration::from_millis(100)) {
            Ok(Message::Line(number, line)) => all[number].read(line),
            Ok(Message::End(number)) => {
                runs.extend(all[number].finish(&sender)?.map(|run| (number, run)));
            }
            Ok(Message::Interrupted) => return Err(Stop::Interrupted),
            Err(_) => {}
        }
        if ticked.elapsed() >= TICK {
            ticked = Instant::now();
            let mut running = all.iter_mut().filter(|running| running.is_running);
            running.try_for_each(Running::tick)?;
        }
    }
    Ok(runs.into_values().collect())
}
