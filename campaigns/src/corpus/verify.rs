//! `pagediff corpus verify`: whether the committed corpora are whole, and hold what they must.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;

use pagediff_terminal::error::{DIVERGENCE, Stop};
use pagediff_terminal::output::{command_line, count, write_json};
use put_user_page_targets::harness::Harness;
use put_user_page_targets::mutants::Finder;
use put_user_page_targets::registry::Target;
use put_user_page_targets::states::StateSet;
use serde::Serialize;

use super::candidates::{canonical, name_of};
use super::scenarios::{PREFIX, changes_of, read_scenarios};
use super::swap::{self, Files};
use super::{Root, Targets, measure, read_files};

/// Checks that the committed corpora are whole, and hold what they must; exit 1 if not
///
/// Inputs are canonical, named by their SHA-1, and there once; all scenarios are there; all
/// named states are reached, and all mutants found, that can be; nothing diverges;
/// and no process was killed while it replaced a corpus.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    targets: Targets,
    #[command(flatten)]
    root: Root,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What does not hold of one target's corpus.
#[derive(Serialize)]
struct VerifiedCorpus {
    target: &'static str,
    inputs: usize,
    problems: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let root = &arguments.root;
    let scenarios = read_scenarios(&root.corpus()?.join("scenarios"))?;
    let mut all = Vec::new();
    for target in arguments.targets.all() {
        let files = read_files(&root.of_target(target)?)?;
        let mut problems = leftovers(root, target)?;
        if files.is_empty() {
            problems.push("there are no inputs".to_owned());
        } else {
            problems.extend(names(target, &files));
            let changes = changes_of(target, &files, &scenarios).into_iter();
            problems.extend(
                changes.map(|(name, it)| format!("{name} {}", it.what(files.contains_key(&name)))),
            );
            problems.extend(missing(target, &files)?);
        }
        all.push(VerifiedCorpus { target: target.name, inputs: files.len(), problems });
    }
    let is_whole = all.iter().all(|checked| checked.problems.is_empty());
    if arguments.json {
        write_json(out, &all)?;
    } else {
        for VerifiedCorpus { target, inputs, problems } in &all {
            for problem in problems {
                writeln!(out, "corpus/{target}: {problem}")?;
            }
            if problems.is_empty() {
                writeln!(out, "corpus/{target}: {}, whole", count(*inputs, "input"))?;
            }
        }
    }
    Ok(ExitCode::from(if is_whole { 0 } else { DIVERGENCE }))
}

/// What a process left that was killed.
fn leftovers(root: &Root, target: &Target) -> Result<Vec<String>, Stop> {
    let left = swap::leftovers(&root.of_target(target)?);
    let merge = command_line(&["corpus".to_owned(), "merge".to_owned()]);
    let tell = |path: std::path::PathBuf| {
        format!("{} is left of a process that was killed: `{merge}` mends it", path.display())
    };
    Ok(left.into_iter().map(tell).collect())
}

/// Inputs that are not as they should be, by their names and bytes.
fn names(target: &Target, files: &Files) -> Vec<String> {
    let mut problems = Vec::new();
    let mut seen: BTreeMap<&[u8], &str> = BTreeMap::new();
    let scenarios_first = files.iter().filter(|(name, _)| name.starts_with(PREFIX));
    let others = files.iter().filter(|(name, _)| !name.starts_with(PREFIX));
    for (name, bytes) in scenarios_first.chain(others) {
        let is_scenario = name.starts_with(PREFIX);
        if !is_scenario && canonical(target, bytes) != *bytes {
            problems.push(format!("{name} is not canonical"));
        } else if !is_scenario && *name != name_of(bytes) {
            problems.push(format!("{name} is not named by the SHA-1 of its bytes"));
        }
        if let Some(other) = seen.insert(bytes, name).filter(|_| !is_scenario) {
            problems.push(format!("{name} is the same as {other}"));
        }
    }
    problems
}

/// What should be reached and is not, and what diverges.
fn missing(target: &'static Target, files: &Files) -> Result<Vec<String>, Stop> {
    let mut problems = Vec::new();
    let mut reached = StateSet::default();
    let looks = measure::looks(target, files.values().map(|bytes| &bytes[..]))?;
    for (name, look) in files.keys().zip(looks) {
        match look {
            Ok(states) => reached = reached.union(states),
            Err(_) => problems.push(format!("{name} diverges")),
        }
    }
    let states = measure::findable_states(target);
    let unreached = states.filter(|state| !reached.contains(state.name));
    problems
        .extend(unreached.map(|state| format!("no input reaches {}: {}", state.name, state.what)));
    let mut finder: Finder = measure::finder(target);
    for bytes in files.values() {
        finder.find(&Harness::case(target, bytes));
    }
    let unfound = finder.missing();
    problems.extend(unfound.map(|mutant| format!("no input finds the mutant {mutant}")));
    Ok(problems)
}
