//! `cargo xtask dictionaries`: what engines are told of the case format.

use std::ffi::OsStr;
use std::fs::DirEntry;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pagediff_terminal::error::{DIVERGENCE, Stop, error, file_error};
use pagediff_terminal::output::count;
use put_user_page_fuzz_common::dictionary::{dictionary, options};
use put_user_page_targets::registry::{TARGETS, Target};

/// Writes a dictionary and an options file for every target into fuzz/dictionaries/
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The repository: the directory that holds fuzz/
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,
    /// Write nothing; exit 1 if a file is out of step with the case format
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    if !arguments.root.join("fuzz").is_dir() {
        let message = format!("there is no directory {}", arguments.root.join("fuzz").display());
        return Err(error(message, "run this from the repository, or name it with `--root DIR`"));
    }
    let directory = arguments.root.join("fuzz/dictionaries");
    let files = TARGETS.iter().flat_map(|target| {
        let name = target.name;
        [(format!("{name}.dict"), dictionary(target)), (format!("{name}.options"), options(target))]
    });
    let differs = |(name, text): &(String, String)| {
        std::fs::read(directory.join(name)).ok().as_deref() != Some(text.as_bytes())
    };
    let stale = stale(&directory)?;
    let changed: Vec<(String, String)> = files.filter(differs).collect();
    if arguments.check && !(changed.is_empty() && stale.is_empty()) {
        for (name, _) in &changed {
            let path = directory.join(name);
            let what = if path.exists() { "differs from the case format" } else { "is missing" };
            writeln!(out, "{} {what}", path.display())?;
        }
        for path in &stale {
            writeln!(out, "{} is of no target", path.display())?;
        }
        writeln!(out, "bring them in step with `cargo xtask dictionaries`")?;
        return Ok(ExitCode::from(DIVERGENCE));
    }
    for (name, text) in &changed {
        let path = directory.join(name);
        std::fs::create_dir_all(&directory)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|why| file_error(&path, "written", &why))?;
    }
    for path in &stale {
        std::fs::remove_file(path).map_err(|why| file_error(path, "removed", &why))?;
    }
    let changed = count(changed.len() + stale.len(), "file");
    writeln!(out, "{} targets, {changed} changed", TARGETS.len())?;
    Ok(ExitCode::SUCCESS)
}

/// Dictionaries and options that no target has: one was renamed or removed.
fn stale(directory: &Path) -> Result<Vec<PathBuf>, Stop> {
    if !directory.exists() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(directory).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.map_err(|why| file_error(directory, "read", &why))?;
    let mut stale: Vec<PathBuf> = entries.iter().map(DirEntry::path).collect();
    stale.retain(|path| {
        let is_ours = path.extension().is_some_and(|of| of == "dict" || of == "options");
        let is_of_target = |target: &Target| path.file_stem() == Some(OsStr::new(target.name));
        is_ours && !TARGETS.iter().any(is_of_target)
    });
    stale.sort();
    Ok(stale)
}
