//! `pagediff replay`: cases on backends, each held against the reference.

mod cases;
mod findings;
mod tally;
mod twice;
mod watch;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use pagediff_terminal::error::{DIVERGENCE, Stop, error};
use pagediff_terminal::inputs::{self, Input, TargetArgument};
use pagediff_terminal::output::write_json;
use put_user_page_case::Case;
use put_user_page_targets::backend::Backend;
use put_user_page_targets::comparer::Comparer;
use put_user_page_targets::divergence::Divergence;
use put_user_page_targets::forms::Forms;
use put_user_page_targets::registry::{Check, Target};
use put_user_page_targets::trial::Verdict;

pub(crate) use self::cases::Cases;
pub(crate) use self::findings::{Findings, Found, Told};
use self::tally::Diverging;
pub(crate) use self::tally::{OfBackend, Tally};
use crate::backends::BackendArguments;

/// Runs cases on backends, and shows where one differs from the reference
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    backends: BackendArguments,
    #[command(flatten)]
    target: TargetArgument,
    /// Show every case that diverges, not the distinct findings alone
    #[arg(long)]
    all: bool,
    /// Print JSON, with all reports
    #[arg(long)]
    json: bool,
    /// Replay again whenever a candidate's file changes, until this is interrupted
    #[arg(long, conflicts_with = "json")]
    watch: bool,
    /// Draw so many cases instead of reading files; the smallest of each finding is saved in
    /// target/findings/. Where no backend runs cases that over-release, none are drawn
    #[arg(long, value_name = "N", conflicts_with_all = ["paths", "name"])]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    generated: Option<u64>,
    /// What the cases are drawn from, 0 if not given: the same seed, the same cases
    #[arg(long, value_name = "S", requires = "generated", conflicts_with = "paths")]
    seed: Option<u64>,
    /// Files, and directories of files: `*.case` is text, dotfiles and kernels' logs are skipped, all
    /// else is bytes
    #[arg(required_unless_present = "generated", value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
}

/// How long the cases of findings may be made smaller: less for somebody who waits at an editor.
pub(crate) const MINIMIZE: Duration = Duration::from_secs(10);
const MINIMIZE_WATCHED: Duration = Duration::from_millis(500);

/// The most cases that are read and compared together: few at first, for what is wrong to be
/// told soon.
pub(crate) const BATCH: usize = 1024;

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    if arguments.watch {
        return watch::run(&arguments.backends.candidates(), out, &mut |out| {
            run_once(arguments, out).map(|_| ())
        });
    }
    let diverges = run_once(arguments, out)?;
    Ok(ExitCode::from(if diverges { DIVERGENCE } else { 0 }))
}

/// Replays all cases, and tells what came of it; whether any diverged.
fn run_once(arguments: &Arguments, out: &mut dyn Write) -> Result<bool, Stop> {
    // What is missing is told before a kernel boots.
    let files = inputs::files(&arguments.paths)?;
    let mut backends = arguments.backends.open()?;
    if backends.is_empty() {
        return Err(error(
            "there is nothing to hold against the reference",
            "add `--backend fast`, or `--backend FILE.c` for one of your own",
        ));
    }
    let cases = match arguments.generated {
        Some(count) => Cases::drawn(count, arguments.seed.unwrap_or(0), &backends),
        None => Cases::of_files(files, arguments.target.name),
    };
    // A candidate takes cases one by one.
    let largest = if arguments.backends.have_candidate() { 1 } else { BATCH };
    let mut divergences = Vec::new();
    let mut tell = |found: &Found, progress: &ProgressBar| -> Result<(), Stop> {
        let diverging = Diverging::of(found, &arguments.backends)?;
        if arguments.all && !arguments.json {
            progress.suspend(|| diverging.write(out))?;
        } else if divergences.is_empty() {
            progress.suspend(|| eprintln!("first: {}", diverging.line()));
        }
        divergences.push(diverging);
        Ok(())
    };
    let (mut tally, findings) = compare_all(cases, &mut backends, largest, &mut tell)?;
    tally.divergences = divergences;
    let reproduce = |file: &Path, target: Option<&Target>| arguments.backends.explain(file, target);
    let time = if arguments.watch { MINIMIZE_WATCHED } else { MINIMIZE };
    tally.findings = findings.tell(&mut backends, time, reproduce)?;
    tally.hold_beside(arguments.backends.twice());
    if arguments.json {
        write_json(out, &tally)?;
    } else {
        tally.write(out)?;
    }
    Ok(!tally.divergences.is_empty())
}

/// Compares backends on all cases, and tells each divergence as it is found.
pub(crate) fn compare_all(
    mut cases: Cases<'_>,
    backends: &mut [Box<dyn Backend>],
    largest: usize,
    tell: &mut dyn FnMut(&Found, &ProgressBar) -> Result<(), Stop>,
) -> Result<(Tally, Findings), Stop> {
    let (mut tally, mut findings) = (Tally::new(backends), Findings::default());
    let progress = progress_bar(cases.count);
    let mut batch = 1;
    loop {
        let inputs: Vec<Input> = cases.each.by_ref().take(batch).collect::<Result<_, _>>()?;
        if inputs.is_empty() {
            break;
        }
        let mut found = replay(&inputs, backends, &mut tally)?;
        found.extend(unexplained(backends));
        progress.inc(inputs.len() as u64);
        for found in found {
            tell(&found, &progress)?;
            let (backend, failure) = (found.backend, found.divergence.failure().cloned());
            let is_new = findings.add(found);
            if let Some(backend) = backend {
                tally.differs(backend, failure, is_new);
            }
        }
        batch = largest.min(batch * 2);
    }
    progress.finish_and_clear();
    Ok((tally, findings))
}

/// Replays some cases, and returns the divergences in their order.
fn replay(
    inputs: &[Input],
    backends: &mut [Box<dyn Backend>],
    tally: &mut Tally,
) -> Result<Vec<Found>, Stop> {
    let cases: Vec<Case> = inputs.iter().map(|input| input.case.clone()).collect();
    let mut found: Vec<(usize, Option<usize>, Box<Divergence>)> = Vec::new();
    for (number, input) in inputs.iter().enumerate() {
        found.extend(differing_forms(input).map(|divergence| (number, None, divergence)));
    }
    // Those that are still asked.
    let (numbers, asked): (Vec<_>, Vec<_>) = (0..)
        .zip(backends)
        .filter(|(number, _)| !tally.gives_up(*number, inputs.len()))
        .map(|(number, backend)| (number, backend.as_mut() as _))
        .unzip();
    Comparer::new(asked).compare(&cases, &mut |case, backend, verdict| {
        let backend = numbers[backend];
        match verdict {
            Verdict::Same => tally.same(backend),
            Verdict::Skipped(skip) => tally.skipped(backend, skip, 1),
            Verdict::Differs(divergence) => found.push((case, Some(backend), divergence)),
        }
    })?;
    tally.cases += inputs.len();
    found.sort_by_key(|(case, ..)| *case);
    tally.diverge += found.chunk_by(|(one, ..), (other, ..)| one == other).count();
    let found = found.into_iter().map(|(case, backend, divergence)| {
        let Input { path, target, case, .. } = &inputs[case];
        let (path, case) = (path.clone(), Some(case.clone()));
        Found { path, target: *target, case, backend, divergence }
    });
    Ok(found.collect())
}

/// Failures of backends that no case can be blamed for.
fn unexplained(backends: &mut [Box<dyn Backend>]) -> Vec<Found> {
    let mut found = Vec::new();
    for (number, backend) in backends.iter_mut().enumerate() {
        for failure in backend.unexplained() {
            let divergence = Divergence::of_unexplained(&**backend, failure);
            let backend = Some(number);
            found.push(Found { path: None, target: None, case: None, backend, divergence });
        }
    }
    found
}

/// What the `decode` target finds in its inputs.
pub(crate) fn differing_forms(input: &Input) -> Option<Box<Divergence>> {
    input.target.filter(|target| target.check == Check::Decode)?;
    let differ = Forms::default().check(&input.bytes).err()?;
    Some(Divergence::of_forms(&input.case, differ))
}

/// A bar on standard error, which shows if that is a terminal.
fn progress_bar(cases: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} cases, {eta} left");
    ProgressBar::new(cases).with_style(style.expect("a template"))
}
