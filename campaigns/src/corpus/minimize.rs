//! `pagediff corpus minimize`: of all that was found, few and small inputs that lose nothing.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use pagediff_terminal::error::{DIVERGENCE, Stop, file_error};
use pagediff_terminal::output::{command_line, count, write_json};
use put_user_page_targets::registry::Target;
use serde::Serialize;

use super::candidates::{self, Candidates, Input, size};
use super::cover::{self, Candidate};
use super::measure::{self, Edges, Kind, Programs};
use super::steps::Steps;
use super::swap::{self, Files};
use super::{Root, Targets, lock, outcomes, show};
use crate::again::on_input;
use crate::record::{CorpusRecord, KeptRecord};

/// Makes the committed corpora of all that was found, minimised
///
/// Nothing is lost that any engine covers, no named state, and no bug found:
/// where measuring again finds that something was, the corpus stays as it is, and the command
/// exits with 1. Inputs that diverge are no candidates; they go to fuzz/artifacts.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    targets: Targets,
    /// Print how long each step took
    #[arg(long, conflicts_with = "json")]
    timings: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What became of one target's corpus.
#[derive(Serialize)]
struct Item {
    name: &'static str,
    #[serde(flatten)]
    corpus: CorpusRecord,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let root = &arguments.targets.root;
    let _lock = lock::take(&root.corpus()?, "pagediff corpus minimize")?;
    let steps = Steps::new();
    let mut items = Vec::new();
    let targets = arguments.targets.all();
    Programs::build(&root.root, &targets)?;
    for target in targets {
        let programs = Programs::of(&root.root, target);
        let corpus = run_on(root, target, Some(&programs), &steps)?;
        items.push(Item { name: target.name, corpus });
    }
    steps.end();
    if arguments.json {
        write_json(out, &items)?;
    } else {
        show::records(out, items.iter().map(|item| (item.name, &item.corpus)))?;
        if arguments.timings {
            steps.write_timings(out)?;
        }
    }
    let lost = items.iter().flat_map(|item| &item.corpus.kept).any(KeptRecord::is_lost);
    Ok(ExitCode::from(if lost { DIVERGENCE } else { 0 }))
}

/// Minimises one target's corpus. The caller holds the lock. Where something would be lost,
/// which the record tells, both corpora stay as they are.
///
/// # Errors
///
/// Something cannot be read, measured or written: the corpora are as they were, or new.
pub(crate) fn run_on(
    root: &Root,
    target: &'static Target,
    programs: Option<&Programs>,
    steps: &Steps,
) -> Result<CorpusRecord, Stop> {
    steps.begin(format!("{}: reading", target.name));
    let candidates = candidates::gather(root, target)?;
    tell(target, &candidates);
    let choice = choose(target, &candidates.inputs, programs, steps)?;
    steps.begin(format!("{}: writing", target.name));
    finish(root, target, candidates, choice)
}

/// Replaces both corpora by what was chosen, unless that loses something.
fn finish(
    root: &Root,
    target: &Target,
    candidates: Candidates,
    choice: Choice,
) -> Result<CorpusRecord, Stop> {
    let Candidates { committed, working, inputs, diverging, .. } = candidates;
    let all = inputs.iter().map(|input| &input.bytes).chain(diverging.values());
    let (before, merged) = (size(committed.values()), size(all));
    let chosen = choice.chosen.iter().map(|&input| &inputs[input]);
    let mut files = diverging.clone();
    files.extend(chosen.map(|input| (input.name.clone(), input.bytes.clone())));
    if !choice.kept.iter().any(KeptRecord::is_lost) {
        replace(&root.of_target(target)?, &committed, &files)?;
        replace(&root.working(target), &working, &files)?;
        outcomes::write_of_target(root, target)?;
    }
    Ok(CorpusRecord { before, merged, after: size(files.values()), kept: choice.kept })
}

fn replace(directory: &Path, known: &Files, files: &Files) -> Result<(), Stop> {
    if known == files {
        return Ok(());
    }
    swap::replace(directory, known, files).map_err(|why| file_error(directory, "replaced", &why))
}

/// Says which inputs were left out.
fn tell(target: &Target, candidates: &Candidates) {
    let Candidates { diverging, found, .. } = candidates;
    if *found > 0 {
        let inputs = count(*found, "input");
        eprintln!("{}: {inputs} diverged, and went to fuzz/artifacts as findings", target.name);
    }
    if !diverging.is_empty() {
        let (inputs, folder) = (count(diverging.len(), "input"), format!("corpus/{}", target.name));
        let replay = command_line(&on_input(&["replay"], target, &folder));
        eprintln!("{}: kept {inputs} of {folder} that diverged: see `{replay}`", target.name);
    }
}

/// The inputs to keep, and what they keep.
struct Choice {
    /// Their indices, in order.
    chosen: Vec<usize>,
    kept: Vec<KeptRecord>,
}

fn choose(
    target: &'static Target,
    inputs: &[Input],
    programs: Option<&Programs>,
    steps: &Steps,
) -> Result<Choice, Stop> {
    let bytes: Vec<&[u8]> = inputs.iter().map(|input| &input.bytes[..]).collect();
    let committed: Vec<usize> =
        (0..inputs.len()).filter(|&input| inputs[input].is_committed).collect();
    let mut first = committed.clone();
    first.sort_by_key(|&input| !inputs[input].is_scenario());
    let (kinds, edges_of_all) = measure_all(target, &bytes, &first, programs, steps)?;
    steps.begin(format!("{}: choosing", target.name));
    let mut chosen = cover::choose(&as_candidates(inputs, &kinds));
    let of = |indices: &[usize]| indices.iter().map(|&index| bytes[index]).collect::<Vec<_>>();
    let mut edges = None;
    if let (Some(programs), Some(Edges { count: merged, kept })) = (programs, edges_of_all) {
        let edges_of = |inputs: Vec<&[u8]>| {
            steps.begin(format!("{}: honggfuzz on {} inputs", target.name, inputs.len()));
            measure::edges(programs, &inputs)
        };
        let nothing_found = committed.len() == inputs.len();
        let before = if nothing_found { merged } else { edges_of(of(&committed))?.count };
        let mut after = edges_of(of(&chosen))?.count;
        if after < before.max(merged) {
            // It does not tell which inputs have which edges, only which it would keep.
            let both: BTreeSet<usize> = chosen.into_iter().chain(kept).collect();
            chosen = both.into_iter().collect();
            after = edges_of(of(&chosen))?.count;
        }
        edges = Some(KeptRecord { what: "honggfuzz edges".to_owned(), before, merged, after });
    }
    // Not what was measured of these inputs, but what they have when measured alone.
    let again = measure::measure(target, &of(&chosen), &[], programs, steps)?;
    let kept = kinds.iter().zip(&again).map(|(kind, again)| kept(kind, again, &committed));
    let kept = kept.chain(edges).collect();
    Ok(Choice { chosen, kept })
}

/// Measures what can be told input by input, and what honggfuzz tells of all together.
fn measure_all(
    target: &'static Target,
    inputs: &[&[u8]],
    first: &[usize],
    programs: Option<&Programs>,
    steps: &Steps,
) -> Result<(Vec<Kind>, Option<Edges>), Stop> {
    std::thread::scope(|scope| {
        // It takes about as long as all others, which come one after another.
        let edges = programs.map(|programs| scope.spawn(|| measure::edges(programs, inputs)));
        let kinds = measure::measure(target, inputs, first, programs, steps);
        let edges = edges.map(|thread| {
            steps.begin(format!("{}: honggfuzz on {} inputs", target.name, inputs.len()));
            thread.join().expect("it does not panic")
        });
        Ok((kinds?, edges.transpose()?))
    })
}

/// The inputs as the choice sees them: features of all kinds numbered one after another.
fn as_candidates(inputs: &[Input], kinds: &[Kind]) -> Vec<Candidate> {
    let candidate = |input: &Input| Candidate {
        bytes: input.bytes.len(),
        is_kept: input.is_scenario(),
        features: Vec::new(),
    };
    let mut candidates: Vec<Candidate> = inputs.iter().map(candidate).collect();
    let mut start = 0;
    for kind in kinds {
        for (candidate, features) in candidates.iter_mut().zip(&kind.of) {
            candidate.features.extend(features.iter().map(|feature| start + feature));
        }
        let highest = kind.of.iter().flatten().max();
        start += highest.map_or(0, |highest| highest + 1);
    }
    candidates
}

/// What is kept of a kind. Features that only the second measurement has make up for none.
fn kept(kind: &Kind, again: &Kind, committed: &[usize]) -> KeptRecord {
    let merged = kind.reached(0..kind.of.len());
    let after = again.reached(0..again.of.len());
    KeptRecord {
        what: kind.what.to_owned(),
        before: kind.reached(committed.iter().copied()).len() as u64,
        merged: merged.len() as u64,
        after: merged.intersection(&after).count() as u64,
    }
}

#[cfg(test)]
mod tests;
