//! `cargo xtask oss-fuzz`: what OSS-Fuzz does with this project, done here, without Docker.

mod beside;
mod binary;
mod build;
mod crash_states;
mod moved;
mod presubmit;
mod target;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use indicatif::ProgressBar;
use pagediff_terminal::error::{DIVERGENCE, Stop, error, file_error};
use pagediff_terminal::output::{count, write_json};
use pagediff_terminal::table::{self, Align};
use put_user_page_targets::registry::{Check, TARGETS, Target};
use serde::Serialize;

use crate::owner;
use build::Sanitizer;

/// Does what OSS-Fuzz would do with this project
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    Check(CheckArguments),
}

/// Builds for OSS-Fuzz, and checks what its infrastructure would check; exits 1 if that would
/// refuse anything
///
/// The files in scripts/oss-fuzz and .clusterfuzzlite are held to its rules for submissions.
/// scripts/oss-fuzz/build.sh is run as there, for fuzzing with the address sanitizer and for
/// coverage. What it has put into $OUT is moved elsewhere, and each target is run from there.
#[derive(clap::Args)]
pub(crate) struct CheckArguments {
    /// The repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// Build nothing: check what a build with the address sanitizer has put into this $OUT
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Hold the stacks of divergences to ClusterFuzz's parser too, in this Python, which has
    /// what scripts/oss-fuzz/requirements.txt names
    #[arg(long, value_name = "PYTHON")]
    clusterfuzz: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was checked.
#[derive(Serialize)]
struct Submission {
    /// What is wrong with the files that are submitted.
    files: Vec<Failure>,
    builds: Vec<Built>,
}

/// One build.
#[derive(Serialize)]
struct Built {
    /// As `$SANITIZER` names it.
    sanitizer: &'static str,
    /// What is wrong with the build as a whole.
    failures: Vec<Failure>,
    targets: Vec<target::CheckedTarget>,
}

/// Something that OSS-Fuzz would refuse.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Failure {
    /// The file, or what was checked.
    about: String,
    /// What is wrong.
    what: String,
}

pub(crate) fn run(command: &Command, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let Command::Check(arguments) = command;
    let root = std::fs::canonicalize(&arguments.root)
        .map_err(|why| file_error(&arguments.root, "read", &why))?;
    if !root.join("scripts/oss-fuzz").is_dir() {
        let message = format!("{} has no folder scripts/oss-fuzz", arguments.root.display());
        return Err(error(message, "run this from the repository, or name it with `--root DIR`"));
    }
    let progress = ProgressBar::new_spinner();
    progress.enable_steady_tick(Duration::from_millis(200));
    let mut builds = match &arguments.out {
        Some(directory) => vec![check_targets(directory, Sanitizer::Address, &progress)?],
        None => [Sanitizer::Address, Sanitizer::Coverage]
            .into_iter()
            .map(|sanitizer| build_and_check(&root, sanitizer, &progress))
            .collect::<Result<_, _>>()?,
    };
    if let Some(python) = arguments.clusterfuzz.as_ref().filter(|_| builds[0].failures() == 0) {
        progress.set_message("shows divergences");
        let out = arguments.out.clone().unwrap_or_else(|| build::out(&root, Sanitizer::Address));
        builds[0].failures.extend(crash_states::check(&root, &out, python)?);
    }
    progress.finish_and_clear();
    let checked = Submission { files: presubmit::check(&root), builds };
    if arguments.json {
        write_json(out, &checked)?;
    } else {
        tell(out, &checked)?;
        if owner::is_missing(&root, "scripts/oss-fuzz/project.yaml") {
            eprintln!("note: before you submit it, say whose it is, with `cargo xtask owner`");
        }
    }
    Ok(if checked.failures() == 0 { ExitCode::SUCCESS } else { ExitCode::from(DIVERGENCE) })
}

fn build_and_check(
    root: &Path,
    sanitizer: Sanitizer,
    progress: &ProgressBar,
) -> Result<Built, Stop> {
    progress.set_message(format!("builds with SANITIZER={}", sanitizer.name()));
    match build::build(root, sanitizer)? {
        Ok(directory) => check_targets(&directory, sanitizer, progress),
        Err(what) => {
            let failures = vec![Failure { about: "build.sh".to_owned(), what }];
            Ok(Built { sanitizer: sanitizer.name(), failures, targets: Vec::new() })
        }
    }
}

/// Checks all targets that OSS-Fuzz is to run, which are all but the one that boots a kernel.
fn check_targets(
    directory: &Path,
    sanitizer: Sanitizer,
    progress: &ProgressBar,
) -> Result<Built, Stop> {
    let (targets, failures) = moved::while_moved(directory, |moved| {
        let fuzzed = TARGETS.iter().filter(|target| target.check != Check::Kernel);
        let check = |target: &Target| {
            progress.set_message(format!("checks {} ({})", target.name, sanitizer.name()));
            target::check(target.name, moved, sanitizer)
        };
        fuzzed.map(check).collect()
    })?;
    Ok(Built { sanitizer: sanitizer.name(), failures, targets })
}

impl Submission {
    fn failures(&self) -> usize {
        self.files.len() + self.builds.iter().map(Built::failures).sum::<usize>()
    }
}

impl Built {
    fn failures(&self) -> usize {
        let targets = self.targets.iter().map(|target| target.failures.len());
        self.failures.len() + targets.sum::<usize>()
    }
}

/// Writes a table for each build, and what is wrong below it.
fn tell(out: &mut dyn Write, checked: &Submission) -> Result<(), Stop> {
    tell_failures(out, "files", &checked.files)?;
    for Built { sanitizer, failures, targets } in &checked.builds {
        let titles = [sanitizer, "edges", "checked accesses", "seeds", "tokens", "failures"];
        let mut rows = vec![titles.map(str::to_owned).to_vec()];
        rows.extend(targets.iter().map(|target| {
            let number = |number: Option<usize>| number.map_or_else(String::new, |n| n.to_string());
            let numbers = [target.edges, target.accesses, target.seeds, target.tokens];
            let mut row = vec![target.name.to_owned()];
            row.extend(numbers.map(number));
            row.push(target.failures.len().to_string());
            row
        }));
        let aligns = [&[Align::Left][..], &[Align::Right; 5]].concat();
        table::write(out, &rows, &aligns)?;
        tell_failures(out, sanitizer, failures)?;
        for target in targets {
            tell_failures(out, target.name, &target.failures)?;
        }
        writeln!(out)?;
    }
    writeln!(out, "{} that OSS-Fuzz would refuse", count(checked.failures(), "thing"))?;
    Ok(())
}

fn tell_failures(out: &mut dyn Write, of: &str, failures: &[Failure]) -> std::io::Result<()> {
    failures.iter().try_for_each(|Failure { about, what }| writeln!(out, "{of}: {about}: {what}"))
}
