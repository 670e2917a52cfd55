//! `pagediff corpus`: the committed corpora, and what becomes of what engines find.

pub(crate) mod candidates;
mod cover;
pub(crate) mod lock;
pub(crate) mod measure;
pub(crate) mod merge;
pub(crate) mod minimize;
mod outcomes;
mod scenarios;
pub(crate) mod show;
mod states;
mod stats;
pub(crate) mod steps;
mod swap;
mod verify;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pagediff_terminal::error::{Stop, error, file_error};
use pagediff_terminal::inputs::target_parser;
use put_user_page_targets::registry::{TARGETS, Target};

use self::swap::Files;

/// Keeps the committed corpora in order
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Scenarios(scenarios::Arguments),
    Outcomes(outcomes::Arguments),
    Merge(merge::Arguments),
    Minimize(minimize::Arguments),
    Stats(stats::Arguments),
    Verify(verify::Arguments),
    States(states::Arguments),
}

/// Runs `pagediff corpus`, and returns its exit code.
///
/// # Errors
///
/// It cannot do what it was asked, or the output is closed.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    match &arguments.command {
        Command::Scenarios(arguments) => scenarios::run(arguments, out),
        Command::Outcomes(arguments) => outcomes::run(arguments, out),
        Command::Merge(arguments) => merge::run(arguments, out),
        Command::Minimize(arguments) => minimize::run(arguments, out),
        Command::Stats(arguments) => stats::run(arguments, out),
        Command::Verify(arguments) => verify::run(arguments, out),
        Command::States(arguments) => states::run(arguments, out),
    }
}

/// Where the corpora are.
#[derive(clap::Args)]
pub(crate) struct Root {
    /// The repository: the directory that holds corpus/
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) root: PathBuf,
}

impl Root {
    /// The directory of all committed corpora.
    pub(crate) fn corpus(&self) -> Result<PathBuf, Stop> {
        let corpus = self.root.join("corpus");
        if corpus.is_dir() {
            return Ok(corpus);
        }
        let message = format!("there is no directory {}", corpus.display());
        Err(error(message, "run this from the repository, or name it with `--root DIR`"))
    }

    /// The directory of a target's committed corpus.
    fn of_target(&self, target: &Target) -> Result<PathBuf, Stop> {
        Ok(self.corpus()?.join(target.name))
    }

    /// The directory of a target's working corpus, which all engines share.
    fn working(&self, target: &Target) -> PathBuf {
        self.root.join("fuzz/corpus").join(target.name)
    }

    /// The directory of all findings.
    fn artifacts(&self) -> PathBuf {
        self.root.join("fuzz/artifacts")
    }
}

/// Which targets a command is for, and where they are.
#[derive(clap::Args)]
struct Targets {
    /// Targets; by default all
    #[arg(value_name = "TARGET", value_parser = target_parser())]
    targets: Vec<&'static Target>,
    #[command(flatten)]
    root: Root,
}

impl Targets {
    /// The targets in the order of the registry.
    fn all(&self) -> Vec<&'static Target> {
        let is_asked = |target: &&Target| {
            self.targets.is_empty() || self.targets.iter().any(|one| one.name == target.name)
        };
        TARGETS.iter().filter(is_asked).collect()
    }
}

/// The files in a directory, sorted, without dotfiles; none if there is no directory.
pub(crate) fn files(directory: &Path) -> Result<Vec<PathBuf>, Stop> {
    if !directory.exists() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(|why| file_error(directory, "read", &why))? {
        let path = entry.map_err(|why| file_error(directory, "read", &why))?.path();
        let name = path.file_name().unwrap_or_default();
        if path.is_file() && !name.as_encoded_bytes().starts_with(b".") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The files of a directory by name, dotfiles left out; none if it is not there.
fn read_files(directory: &Path) -> Result<Files, Stop> {
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).map_err(|why| file_error(&path, "read", &why))?;
        Ok((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), bytes))
    };
    files(directory)?.into_iter().map(read).collect()
}

/// The signature that a finding is named by; none for a file that is no finding.
pub(crate) fn signature_of(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()?.strip_prefix("divergence-")
}

/// Finishes or takes back what a process left that was killed while it replaced a corpus.
fn mend(directory: &Path) -> Result<(), Stop> {
    let mended = swap::recover(directory).map_err(|why| file_error(directory, "mended", &why))?;
    if mended {
        eprintln!("note: {} was being replaced by a process that was killed", directory.display());
    }
    Ok(())
}
