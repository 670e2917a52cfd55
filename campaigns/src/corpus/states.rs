//! `pagediff corpus states`: which named states the committed corpora reach.

use std::io::Write;
use std::process::ExitCode;

use pagediff_terminal::error::{DIVERGENCE, Stop};
use pagediff_terminal::inputs::target_parser;
use pagediff_terminal::output::command_line;
use pagediff_terminal::table::{self, Align};
use put_user_page_case::Case;
use put_user_page_targets::comparer::Comparer;
use put_user_page_targets::harness::Harness;
use put_user_page_targets::registry::{TARGETS, Target};
use put_user_page_targets::states::{STATES, StateSet};

use super::{Root, read_files};

/// Counts the committed cases that reach each named state; exit 1 if a target has none for
/// a state that it can reach
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    root: Root,
    /// Only this target
    #[arg(long, value_name = "T", value_parser = target_parser())]
    target: Option<&'static Target>,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let targets = TARGETS.iter().filter(|t| arguments.target.is_none_or(|one| one.name == t.name));
    let targets: Vec<&Target> = targets.collect();
    let reached = targets.iter().map(|target| states_of(&arguments.root, target));
    let reached = reached.collect::<Result<Vec<_>, Stop>>()?;
    let mut missing = Vec::new();
    let mut rows = vec![header(&targets)];
    for state in &STATES {
        let mut row = vec![state.name.to_owned()];
        for (target, sets) in targets.iter().zip(&reached) {
            let can = state.needs.met_by(target.check.functions());
            let cases = sets.iter().filter(|states| states.contains(state.name)).count();
            if can && cases == 0 {
                missing.push((target, state));
            }
            row.push(if can { cases.to_string() } else { "-".to_owned() });
        }
        rows.push(row);
    }
    let mut aligns = vec![Align::Right; rows[0].len()];
    aligns[0] = Align::Left;
    table::write(out, &rows, &aligns)?;
    for (target, state) in &missing {
        writeln!(out, "corpus/{} has no case for {}: {}", target.name, state.name, state.what)?;
    }
    if !missing.is_empty() {
        let command = command_line(&["corpus".to_owned(), "scenarios".to_owned()]);
        writeln!(out, "write one as corpus/scenarios/NAME.case, then run `{command}`")?;
    }
    Ok(ExitCode::from(if missing.is_empty() { 0 } else { DIVERGENCE }))
}

/// The column of a target is named without what most of them start with.
fn header(targets: &[&Target]) -> Vec<String> {
    let name = |target: &&Target| match target.name.strip_prefix("put_user_") {
        Some(rest) => format!("…{rest}"),
        None => target.name.to_owned(),
    };
    std::iter::once("state".to_owned()).chain(targets.iter().map(name)).collect()
}

/// The states that each committed case of a target reaches.
fn states_of(root: &Root, target: &Target) -> Result<Vec<StateSet>, Stop> {
    let files = read_files(&root.of_target(target)?)?;
    let cases: Vec<Case> = files.values().map(|bytes| Harness::case(target, bytes)).collect();
    Ok(Comparer::new(Vec::new()).compare(&cases, &mut |_, _, _| {})?)
}
