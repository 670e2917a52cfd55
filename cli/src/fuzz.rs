//! `pagediff fuzz`: what scripts/fuzz calls: every target, or one, under `cargo fuzz`.

mod engine;
mod libfuzzer;
mod progress;
mod summary;

use std::collections::VecDeque;
use std::io::{IsTerminal, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use put_user_page_targets::registry::{Check, TARGETS, Target};

use self::engine::{Engine, Message};
use self::libfuzzer::Log;
use self::progress::Progress;
use crate::error::{Stop, error};

/// Fuzzes every target, or one, from the committed corpora
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The target, or `all`
    #[arg(value_name = "TARGET", default_value = ALL, value_parser = names())]
    target: String,
    /// For how long; all targets share the time
    #[arg(value_name = "SECONDS", default_value_t = 60)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    seconds: u64,
    /// What checks the memory accesses
    #[arg(long, value_parser = ["address", "none"], default_value = "address")]
    sanitizer: String,
}

/// What stands for all targets.
const ALL: &str = "all";

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new([ALL].into_iter().chain(TARGETS.iter().map(|target| target.name)))
}

/// One target's run, when it is over.
struct Run {
    target: &'static Target,
    log: Log,
    /// Whether the engine ended as it does when nothing was found.
    succeeded: bool,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let root = find_root()?;
    check_cargo_fuzz()?;
    build(arguments, &root)?;
    engine::catch_interrupts()?;
    let targets = targets(&arguments.target);
    let at_once = std::thread::available_parallelism().map_or(1, NonZero::get);
    let rounds = targets.len().div_ceil(at_once) as u64;
    let seconds = (arguments.seconds / rounds).max(1);
    let progress = Progress::new(seconds);
    let runs = run_all(targets, at_once, &progress, &|target| {
        engine::command(&root, target, &arguments.sanitizer, seconds)
    })?;
    progress.clear();
    summary::write(out, &runs, &root)
}

/// The target, or all that can run here.
fn targets(name: &str) -> VecDeque<&'static Target> {
    let mut targets: VecDeque<&'static Target> =
        TARGETS.iter().filter(|target| [ALL, target.name].contains(&name)).collect();
    if name == ALL && !put_user_page_kernel::is_set_up(None) {
        eprintln!("note: the target kernel is left out: run `scripts/kernel setup` for it");
        targets.retain(|target| target.check != Check::Kernel);
    }
    targets
}

/// Runs the targets, so many at once, and returns their runs in order.
fn run_all(
    mut waiting: VecDeque<&'static Target>,
    at_once: usize,
    progress: &Progress,
    command: &dyn Fn(&Target) -> Command,
) -> Result<Vec<Run>, Stop> {
    let total = waiting.len();
    let (sender, messages) = mpsc::channel();
    // Dropped on any way out of here, which ends the processes.
    let mut engines: Vec<Engine> = Vec::new();
    let mut runs: Vec<(usize, Run)> = Vec::new();
    while runs.len() < total {
        while engines.iter().filter(|engine| engine.is_running).count() < at_once {
            let Some(target) = waiting.pop_front() else { break };
            engines.push(Engine::start(engines.len(), target, command(target), &sender, progress)?);
        }
        match messages.recv_timeout(Duration::from_millis(100)) {
            Ok(Message::Line(number, line)) => engines[number].read(&line),
            Ok(Message::End(number)) => runs.push((number, engines[number].finish()?)),
            Err(_) => {}
        }
        if engine::interrupted() {
            return Err(Stop::Interrupted);
        }
    }
    runs.sort_by_key(|(number, _)| *number);
    Ok(runs.into_iter().map(|(_, run)| run).collect())
}

/// The repository: this directory or one above it.
pub(crate) fn repository() -> Option<PathBuf> {
    let here = std::env::current_dir().unwrap_or_default();
    let root = here.ancestors().find(|root| root.join("fuzz/fuzz_targets").is_dir());
    root.map(Path::to_owned)
}

fn find_root() -> Result<PathBuf, Stop> {
    repository().ok_or_else(|| {
        error("there is no directory fuzz/fuzz_targets here or above", "run this in the repository")
    })
}

fn check_cargo_fuzz() -> Result<(), Stop> {
    let output = Command::new("cargo").args(["fuzz", "--version"]).output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(_) => Err(error(
            "cargo-fuzz is not installed",
            "run `scripts/fuzz`, which sets it up, or `cargo install cargo-fuzz --version 0.13.2 --locked`",
        )),
        Err(why) => Err(error(
            format!("cargo does not run: {why}"),
            "install Rust, from https://rustup.rs, and see that cargo is on the PATH",
        )),
    }
}

/// Builds what is about to run. Compilers tell much: it is shown as it comes on a
/// terminal, and else only if it fails.
fn build(arguments: &Arguments, root: &Path) -> Result<(), Stop> {
    let mut command = Command::new("cargo");
    command.current_dir(root).args(["fuzz", "build", "--no-trace-compares"]);
    command.args(["--sanitizer", &arguments.sanitizer]).stdin(Stdio::null());
    command.args(Some(&arguments.target).filter(|target| *target != ALL));
    let is_shown = std::io::stderr().is_terminal();
    if !is_shown {
        eprintln!("building the fuzz targets");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
    }
    let output = command.spawn().and_then(std::process::Child::wait_with_output);
    let output =
        output.map_err(|why| error(format!("cargo does not run: {why}"), "run it again"))?;
    if output.status.success() {
        return Ok(());
    }
    anstream::eprint!("{}", String::from_utf8_lossy(&output.stderr));
    Err(error("the fuzz targets do not build", "mend what the compiler says above"))
}
