//! `pagediff corpus outcomes`: what is right, written down beside the cases. A target's file,
//! `corpus/TARGET.outcomes`, has a line for each input; a scenario has a file of its own.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pagediff_terminal::error::{Stop, file_error};
use pagediff_terminal::inputs;
use pagediff_terminal::output::count;
use put_user_page_case::Case;
use put_user_page_targets::backends::naive;
use put_user_page_targets::registry::Target;
use put_user_page_targets::written::{self, Outcomes, Unlike};

use super::scenarios::read_scenarios;
use super::swap::{self, Files};
use super::{Root, Targets, lock, read_files};

/// Writes down what the reference makes of every committed case and scenario
///
/// `corpus scenarios` and `corpus minimize` do so too. What changes is a change of meaning: read
/// the difference before you commit it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    targets: Targets,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let root = &arguments.targets.root;
    let corpus = root.corpus()?;
    let _lock = lock::take(&corpus, "pagediff corpus outcomes")?;
    let mut changed = 0;
    for target in arguments.targets.all() {
        changed += usize::from(write_of_target(root, target)?);
    }
    changed += write_of_scenarios(&corpus)?;
    writeln!(out, "outcomes of all cases are written down, {} changed", count(changed, "file"))?;
    Ok(ExitCode::SUCCESS)
}

/// Brings a target's outcomes in step with its corpus; whether they were not. The caller holds
/// the lock.
pub(crate) fn write_of_target(root: &Root, target: &Target) -> Result<bool, Stop> {
    let files = read_files(&root.of_target(target)?)?;
    let outcomes = written::of_inputs(target, &files, &mut naive());
    write_if_changed(&path_of(root, target)?, &written::to_file(target, &outcomes))
}

/// Brings the scenarios' outcomes in step with them; how many files were not. The caller holds
/// the lock.
pub(super) fn write_of_scenarios(corpus: &Path) -> Result<usize, Stop> {
    let folder = corpus.join("scenarios");
    let now = of_scenarios(&read_scenarios(&folder)?);
    let mut changed = 0;
    for name in read_of_scenarios(&folder)?.into_keys().filter(|name| !now.contains_key(name)) {
        let path = scenario_path(&folder, &name);
        fs::remove_file(&path).map_err(|why| file_error(&path, "removed", &why))?;
        changed += 1;
    }
    for (name, parts) in now {
        let text = parts.join("\n") + "\n";
        changed += usize::from(write_if_changed(&scenario_path(&folder, &name), &text)?);
    }
    Ok(changed)
}

/// How a target's outcomes that are written down are not those of these files of its corpus.
pub(super) fn unlike_of_target(
    root: &Root,
    target: &Target,
    files: &Files,
) -> Result<Vec<(String, Unlike)>, Stop> {
    let path = path_of(root, target)?;
    let text = match fs::read_to_string(&path) {
        Err(why) if why.kind() == ErrorKind::NotFound => String::new(),
        read => read.map_err(|why| file_error(&path, "read", &why))?,
    };
    let now = written::of_inputs(target, files, &mut naive());
    Ok(written::unlike(&written::from_file(&text), &now))
}

/// How the outcomes beside the scenarios are not theirs.
pub(super) fn unlike_of_scenarios(
    folder: &Path,
    scenarios: &Files,
) -> Result<Vec<(String, Unlike)>, Stop> {
    Ok(written::unlike(&read_of_scenarios(folder)?, &of_scenarios(scenarios)))
}

fn of_scenarios(scenarios: &Files) -> Outcomes {
    let mut reference = naive();
    let outcome = |(name, bytes): (&String, &Vec<u8>)| {
        (name.clone(), written::of_case(&Case::decode(bytes), &mut reference))
    };
    scenarios.iter().map(outcome).collect()
}

fn read_of_scenarios(folder: &Path) -> Result<Outcomes, Stop> {
    let files = super::files(folder)?.into_iter().filter(|path| inputs::is_outcome(path));
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).map_err(|why| file_error(&path, "read", &why))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok((name, text.lines().map(str::to_owned).collect()))
    };
    files.map(read).collect()
}

fn path_of(root: &Root, target: &Target) -> Result<PathBuf, Stop> {
    Ok(root.corpus()?.join(format!("{}.outcomes", target.name)))
}

fn scenario_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.outcome"))
}

fn write_if_changed(path: &Path, text: &str) -> Result<bool, Stop> {
    if fs::read(path).is_ok_and(|before| before == text.as_bytes()) {
        return Ok(false);
    }
    swap::write(path, text.as_bytes()).map_err(|why| file_error(path, "written", &why))?;
    Ok(true)
}
