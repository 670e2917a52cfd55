//! `pagediff corpus`: the committed corpora.

mod add;
mod scenarios;
mod states;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use put_user_page_targets::registry::Target;

use crate::error::{Stop, error, file_error};

/// Keeps the committed corpora in order
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    Scenarios(scenarios::Arguments),
    Add(add::Arguments),
    States(states::Arguments),
}

pub(crate) fn run(command: &Command, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    match command {
        Command::Scenarios(arguments) => scenarios::run(arguments, out),
        Command::Add(arguments) => add::run(arguments, out),
        Command::States(arguments) => states::run(arguments, out),
    }
}

/// Where the corpora are.
#[derive(clap::Args)]
struct Root {
    /// The repository: the directory that holds corpus/
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
}

impl Root {
    /// The directory of all corpora.
    fn corpus(&self) -> Result<PathBuf, Stop> {
        let corpus = self.root.join("corpus");
        if corpus.is_dir() {
            return Ok(corpus);
        }
        let message = format!("there is no directory {}", corpus.display());
        Err(error(message, "run this from the repository, or name it with `--root DIR`"))
    }

    /// The directory of a target's corpus.
    fn of_target(&self, target: &Target) -> Result<PathBuf, Stop> {
        Ok(self.corpus()?.join(target.name))
    }
}

/// The files of a directory by name, dotfiles left out; none if it is not there.
fn read_files(directory: &Path) -> Result<BTreeMap<String, Vec<u8>>, Stop> {
    let mut files = BTreeMap::new();
    if !directory.exists() {
        return Ok(files);
    }
    let entries = std::fs::read_dir(directory);
    for entry in entries.map_err(|why| file_error(directory, "read", &why))? {
        let path = entry.map_err(|why| file_error(directory, "read", &why))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_file() && !name.starts_with('.') {
            let bytes = std::fs::read(&path).map_err(|why| file_error(&path, "read", &why))?;
            files.insert(name, bytes);
        }
    }
    Ok(files)
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Stop> {
    let directory = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory)
        .and_then(|()| std::fs::write(path, bytes))
        .map_err(|why| file_error(path, "written", &why))
}
