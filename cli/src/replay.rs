//! `pagediff replay`: cases on backends, each held against the reference.

mod tally;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use fastrand::Rng;
use indicatif::{ProgressBar, ProgressStyle};
use pagediff_terminal::error::{DIVERGENCE, Stop, error, file_error};
use pagediff_terminal::inputs::{self, Input, LOGS, TargetArgument};
use pagediff_terminal::output::{command_line, paint, write_json};
use pagediff_terminal::repository::repository;
use put_user_page_case::Case;
use put_user_page_targets::backend::Backend;
use put_user_page_targets::comparer::Comparer;
use put_user_page_targets::divergence::Divergence;
use put_user_page_targets::forms::Forms;
use put_user_page_targets::generator;
use put_user_page_targets::registry::{Check, TARGETS, Target};
use put_user_page_targets::report::Report;
use put_user_page_targets::trial::Verdict;
use sha1_smol::Sha1;

use self::tally::{Diverging, Tally};
use crate::backends::BackendArguments;

/// Runs cases on backends, and shows where one differs from the reference
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    backends: BackendArguments,
    #[command(flatten)]
    target: TargetArgument,
    /// Show the reports of all divergences, not of the first few
    #[arg(long)]
    all: bool,
    /// Print JSON, with all reports
    #[arg(long)]
    json: bool,
    /// Draw so many cases instead of reading files; those that diverge are saved in
    /// fuzz/artifacts/
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

/// Reports that are shown in full, unless all are asked for.
const REPORTS_SHOWN: usize = 10;

/// Cases that are read and compared together.
const BATCH: usize = 1024;

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let (count, mut cases) = cases(arguments)?;
    let mut backends = arguments.backends.open()?;
    if backends.is_empty() {
        return Err(error(
            "there is nothing to hold against the reference",
            "add `--backend fast`, or `--backend ./FILE.so` for one of your own",
        ));
    }
    let mut tally = Tally::new(&backends);
    // A candidate takes cases one by one, and may hang: then each is told of at once.
    let batch = if arguments.backends.have_candidate() { 1 } else { BATCH };
    let progress = progress_bar(count);
    loop {
        let inputs: Vec<Input> = cases.by_ref().take(batch).collect::<Result<_, _>>()?;
        if inputs.is_empty() {
            break;
        }
        let mut found = replay(&inputs, arguments, &mut backends, &mut tally)?;
        found.extend(unexplained(&mut backends));
        progress.inc(inputs.len() as u64);
        if !arguments.json {
            let shown = if arguments.all { usize::MAX } else { REPORTS_SHOWN };
            let left = shown.saturating_sub(tally.divergences.len());
            progress.suspend(|| write_reports(out, &found, left))?;
        }
        tally.divergences.extend(found);
    }
    progress.finish_and_clear();
    if arguments.json {
        write_json(out, &tally)?;
    } else {
        tally.write(out)?;
    }
    Ok(ExitCode::from(if tally.divergences.is_empty() { 0 } else { DIVERGENCE }))
}

/// Cases, each read or drawn as its turn comes.
type Cases<'a> = Box<dyn Iterator<Item = Result<Input, Stop>> + 'a>;

/// How many cases there are to replay, and the cases: files, or what the generator draws.
fn cases(arguments: &Arguments) -> Result<(u64, Cases<'_>), Stop> {
    if let Some(count) = arguments.generated {
        let mut rng = Rng::with_seed(arguments.seed.unwrap_or(0));
        let drawn = (0..count).map(move |_| {
            let case = generator::case(&mut rng);
            Ok(Input { path: None, target: None, bytes: case.encode(), case })
        });
        return Ok((count, Box::new(drawn)));
    }
    let files = inputs::files(&arguments.paths)?;
    let count = files.len() as u64;
    let read = files.into_iter().map(|file| inputs::read(&file, arguments.target.name));
    Ok((count, Box::new(read)))
}

/// Replays some cases, and returns the divergences in their order.
fn replay(
    inputs: &[Input],
    arguments: &Arguments,
    backends: &mut [Box<dyn Backend>],
    tally: &mut Tally,
) -> Result<Vec<Diverging>, Stop> {
    let cases: Vec<Case> = inputs.iter().map(|input| input.case.clone()).collect();
    let mut found: Vec<(usize, Box<Divergence>)> = Vec::new();
    for (number, input) in inputs.iter().enumerate() {
        found.extend(differing_forms(input).map(|divergence| (number, divergence)));
    }
    let backends = backends.iter_mut().map(|backend| backend.as_mut() as _);
    Comparer::new(backends.collect()).compare(
        &cases,
        &mut |case, backend, verdict| match verdict {
            Verdict::Same => {}
            Verdict::Skipped(skip) => tally.skipped(backend, skip),
            Verdict::Differs(divergence) => found.push((case, divergence)),
        },
    )?;
    tally.cases += inputs.len();
    found.sort_by_key(|(case, _)| *case);
    let tell = |(case, divergence): (usize, Box<Divergence>)| {
        let input: &Input = &inputs[case];
        let saved = match &input.path {
            Some(_) if divergence.log.is_empty() => None,
            _ => Some(save(&input.case, &divergence.log)?),
        };
        let path = input.path.as_ref().or(saved.as_ref()).expect("what is in no file was saved");
        let mut report = Report::of(&divergence);
        report.reproduce = Some(explain_command(path, input.target, &arguments.backends));
        Ok(Diverging::new(path, input.target, saved.as_deref(), report))
    };
    found.into_iter().map(tell).collect()
}

/// Saves a case in fuzz/artifacts of the repository, or here outside of one, where the
/// target `kernel` or `program` has its own, and returns where. A kernel's log, if there is
/// one, goes into the folder [`LOGS`] there.
fn save(case: &Case, log: &str) -> Result<PathBuf, Stop> {
    let check = if log.is_empty() { Check::Program } else { Check::Kernel };
    let target = TARGETS.iter().find(|target| target.check == check);
    let name = target.expect("there are targets for programs and for kernels").name;
    let root = repository().unwrap_or_else(|| PathBuf::from("."));
    let folder = root.join("fuzz/artifacts").join(name);
    let bytes = case.encode();
    let name = format!("crash-{}", Sha1::from(&bytes).digest());
    if !log.is_empty() {
        write(&folder.join(LOGS), &format!("{name}.log"), log.as_bytes())?;
    }
    write(&folder, &name, &bytes)
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, Stop> {
    std::fs::create_dir_all(folder).map_err(|why| file_error(folder, "made", &why))?;
    let path = folder.join(name);
    std::fs::write(&path, bytes).map_err(|why| file_error(&path, "written", &why))?;
    Ok(path)
}

/// Failures of backends that no case can be blamed for.
fn unexplained(backends: &mut [Box<dyn Backend>]) -> Vec<Diverging> {
    let mut found = Vec::new();
    for backend in backends {
        for failure in backend.unexplained() {
            let report = Report::of(&Divergence::of_unexplained(&**backend, failure));
            found.push(Diverging::new(Path::new("no case alone"), None, None, report));
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

/// The command that shows what a case does.
pub(crate) fn explain_command(
    path: &Path,
    target: Option<&Target>,
    backends: &BackendArguments,
) -> String {
    let mut words = vec!["explain".to_owned()];
    if let Some(target) = target {
        words.extend(["--target".to_owned(), target.name.to_owned()]);
    }
    words.extend(backends.again());
    words.push(path_argument(path));
    command_line(&words)
}

/// A path as an argument that is not taken for an option.
fn path_argument(path: &Path) -> String {
    let path = path.display().to_string();
    if path.starts_with('-') { format!("./{path}") } else { path }
}

/// Shows the reports of as many as are left to show, and names the others.
fn write_reports(out: &mut dyn Write, found: &[Diverging], left: usize) -> Result<(), Stop> {
    for (number, diverging) in found.iter().enumerate() {
        if number < left {
            writeln!(out, "{}", diverging.file)?;
            writeln!(out, "{}", diverging.report.render(&paint()))?;
            if let Some(artifact) = &diverging.artifact {
                let log = if diverging.report.log.is_empty() {
                    ""
                } else {
                    ", with the kernel's log in logs/ there"
                };
                writeln!(out, "  saved{log}: {artifact}\n")?;
            }
        } else {
            writeln!(out, "{}: {} differs too", diverging.file, diverging.report.backend)?;
        }
    }
    out.flush()?;
    Ok(())
}

/// A bar on standard error, which shows if that is a terminal.
fn progress_bar(cases: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} cases, {eta} left");
    ProgressBar::new(cases).with_style(style.expect("a template"))
}
