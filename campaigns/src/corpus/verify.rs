//! `pagediff corpus verify`: whether the committed corpora are whole, and hold what they must.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pagediff_terminal::error::{DIVERGENCE, Stop};
use pagediff_terminal::output::{command_line, count, write_json};
use put_user_page_targets::harness::Harness;
use put_user_page_targets::registry::Target;
use put_user_page_targets::states::StateSet;
use put_user_page_targets::written::Unlike;
use serde::Serialize;

use super::candidates::{name_of, scenarios_first};
use super::scenarios::{PREFIX, changes_of, read_scenarios};
use super::swap::{self, Files};
use super::{Targets, measure, outcomes, read_files};

/// Checks that the committed corpora are whole, and hold what they must; exit 1 if not
///
/// Inputs are canonical, named by their SHA-1, and there once; all scenarios are there; all
/// named states are reached, and all bugs of the bank found, that can be; nothing diverges;
/// outcomes are those written down; and no process was killed while it replaced a corpus.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    targets: Targets,
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
    let root = &arguments.targets.root;
    let scenarios = read_scenarios(&root.corpus()?.join("scenarios"))?;
    let mut all = Vec::new();
    for target in arguments.targets.all() {
        let directory = root.of_target(target)?;
        let files = read_files(&directory)?;
        let mut problems = leftovers(&directory);
        if files.is_empty() {
            problems.push("there are no inputs".to_owned());
        } else {
            problems.extend(names(target, &files));
            for (name, change) in changes_of(target, &files, &scenarios) {
                problems.push(format!("{name} {}", change.what(files.contains_key(&name))));
            }
            problems.extend(missing(target, &files)?);
        }
        problems.extend(tell(outcomes::unlike_of_target(root, target, &files)?));
        all.push(VerifiedCorpus { target: target.name, inputs: files.len(), problems });
    }
    let folder = root.corpus()?.join("scenarios");
    let problems = tell(outcomes::unlike_of_scenarios(&folder, &scenarios)?);
    all.push(VerifiedCorpus { target: "scenarios", inputs: scenarios.len(), problems });
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

/// Outcomes that are not written down as they are now.
fn tell(unlike: Vec<(String, Unlike)>) -> Vec<String> {
    let write = command_line(&["corpus".to_owned(), "outcomes".to_owned()]);
    let tell = |(name, unlike)| format!("{name} {unlike}: if that is meant, `{write}`");
    unlike.into_iter().map(tell).collect()
}

/// What a process left that was killed.
fn leftovers(directory: &Path) -> Vec<String> {
    let merge = command_line(&["corpus".to_owned(), "merge".to_owned()]);
    let tell = |path: PathBuf| {
        format!("{} is left of a process that was killed: `{merge}` mends it", path.display())
    };
    swap::leftovers(directory).into_iter().map(tell).collect()
}

/// Inputs that are not as they should be, by their names and bytes.
fn names(target: &Target, files: &Files) -> Vec<String> {
    let mut problems = Vec::new();
    let mut seen: BTreeMap<&[u8], &str> = BTreeMap::new();
    for (name, bytes) in scenarios_first(files) {
        let is_scenario = name.starts_with(PREFIX);
        if !is_scenario && Harness::canonical(target, bytes) != *bytes {
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
    for state in measure::findable_states(target).filter(|state| !reached.contains(state.name)) {
        problems.push(format!("no input reaches {}: {}", state.name, state.what));
    }
    let mut finder = measure::finder(target);
    for bytes in files.values() {
        finder.find(&Harness::case(target, bytes));
    }
    for bug in finder.missing() {
        problems.push(format!("no input finds the bug {}", bug.name));
    }
    Ok(problems)
}
