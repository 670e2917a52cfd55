//! `pagediff corpus scenarios`: the hand-written scenarios, compiled into every corpus.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pagediff_terminal::error::{DIVERGENCE, Stop, error, file_error};
use pagediff_terminal::inputs;
use pagediff_terminal::output::{command_line, count};
use put_user_page_case::{Case, Record};
use put_user_page_targets::answers::Form;
use put_user_page_targets::harness::Harness;
use put_user_page_targets::registry::{Check, TARGETS, Target};
use put_user_page_targets_kernel::answers::seeds;

use super::swap::{self, Files};
use super::{Root, lock, outcomes, read_files};

/// Compiles corpus/scenarios/*.case into every target's corpus, as scenario-NAME, and writes
/// down the outcomes
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    root: Root,
    /// Write nothing; exit 1 if a corpus is out of step with the scenarios
    #[arg(long)]
    check: bool,
}

/// What compiled scenarios are named.
pub(super) const PREFIX: &str = "scenario-";

/// What is to be done to one file.
pub(super) enum Change {
    Write(Vec<u8>),
    Remove,
}

impl Change {
    /// What is wrong with a file, which may be there, that needs this change.
    pub(super) fn what(&self, is_there: bool) -> &'static str {
        match self {
            Change::Write(_) if is_there => "differs from its scenario",
            Change::Write(_) => "is missing",
            Change::Remove => "has no scenario",
        }
    }
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let corpus = arguments.root.corpus()?;
    let mut _lock = None;
    if !arguments.check {
        _lock = Some(lock::take(&corpus, "pagediff corpus scenarios")?);
        for target in &TARGETS {
            super::mend(&corpus.join(target.name))?;
        }
    }
    let scenarios = read_scenarios(&corpus.join("scenarios"))?;
    let mut changes = Vec::new();
    for target in &TARGETS {
        let directory = corpus.join(target.name);
        let of_target = changes_of(target, &read_files(&directory)?, &scenarios);
        changes.extend(of_target.into_iter().map(|(name, change)| (directory.join(name), change)));
    }
    if arguments.check {
        for (path, change) in &changes {
            writeln!(out, "{} {}", path.display(), change.what(path.exists()))?;
        }
        if !changes.is_empty() {
            let command = command_line(&["corpus".to_owned(), "scenarios".to_owned()]);
            writeln!(out, "bring them in step with `{command}`")?;
            return Ok(ExitCode::from(DIVERGENCE));
        }
    }
    for (path, change) in &changes {
        match change {
            Change::Write(bytes) => {
                swap::write(path, bytes).map_err(|why| file_error(path, "written", &why))?;
            }
            Change::Remove => {
                std::fs::remove_file(path).map_err(|why| file_error(path, "removed", &why))?;
            }
        }
    }
    for target in &TARGETS {
        outcomes::write_of_target(&arguments.root, target)?;
    }
    outcomes::write_of_scenarios(&corpus)?;
    let (scenarios, changes) = (count(scenarios.len(), "scenario"), count(changes.len(), "file"));
    writeln!(out, "{scenarios} in {} corpora, {changes} changed", TARGETS.len())?;
    Ok(ExitCode::SUCCESS)
}

/// The scenarios as canonical bytes, by their names.
pub(super) fn read_scenarios(directory: &Path) -> Result<Files, Stop> {
    let paths = inputs::files(&[directory.to_owned()])?;
    let texts = paths.iter().filter(|path| inputs::is_text(path));
    let scenario = |path: &PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok((name, inputs::read_text(path)?.encode()))
    };
    let scenarios: Files = texts.map(scenario).collect::<Result<_, Stop>>()?;
    if scenarios.is_empty() {
        let message = format!("there is no *.case file in {}", directory.display());
        return Err(error(message, "run this from the repository, or name it with `--root DIR`"));
    }
    Ok(scenarios)
}

/// What brings one target's corpus in step, by the names of files.
pub(super) fn changes_of(
    target: &Target,
    files: &Files,
    scenarios: &Files,
) -> Vec<(String, Change)> {
    let mut compiled: BTreeMap<_, _> =
        files.iter().filter(|(name, _)| name.starts_with(PREFIX)).collect();
    let mut changes = Vec::new();
    let inputs = scenarios.iter().flat_map(|(name, bytes)| inputs_of(target, name, bytes));
    for (name, bytes) in inputs {
        if compiled.remove(&name) != Some(&bytes) {
            changes.push((name, Change::Write(bytes)));
        }
    }
    changes.extend(compiled.into_keys().map(|name| (name.clone(), Change::Remove)));
    changes
}

/// The inputs that a scenario is compiled into, by the names of their files: itself, or where
/// inputs have answers, what the reference makes of it in each form. None of a long case.
fn inputs_of(target: &Target, name: &str, scenario: &[u8]) -> Vec<(String, Vec<u8>)> {
    // Replayed, and slow: engines are to make their inputs of smaller ones.
    if Case::decode(scenario).records.contains(&Record::Long) {
        return Vec::new();
    }
    if target.check != Check::Answers {
        return vec![(format!("{PREFIX}{name}"), Harness::canonical(target, scenario))];
    }
    let name = |form| match form {
        Form::Kernel => format!("{PREFIX}{name}-kernel"),
        Form::Process => format!("{PREFIX}{name}-process"),
    };
    let seeds = seeds(&Case::decode(scenario)).into_iter();
    seeds.map(|(form, bytes)| (name(form), bytes)).collect()
}
