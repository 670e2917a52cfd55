//! `pagediff corpus stats`: how large the corpora are, and what they reach.

use std::io::Write;
use std::process::ExitCode;

use pagediff_terminal::error::Stop;
use pagediff_terminal::output::write_json;
use pagediff_terminal::table::{self, Align};
use put_user_page_targets::registry::Target;
use serde::Serialize;

use super::measure::{self, Kind, Programs};
use super::steps::Steps;
use super::swap::Files;
use super::{Targets, read_files};

/// Tells how large the corpora are, and what they reach
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    targets: Targets,
    /// Count what the engines cover too, which builds the targets for each of them
    #[arg(long)]
    engines: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One corpus in figures.
#[derive(Serialize)]
struct Stats {
    target: &'static str,
    /// `corpus` or `fuzz/corpus`.
    corpus: &'static str,
    inputs: usize,
    bytes: usize,
    /// The size of an input in the middle.
    median: usize,
    largest: usize,
    reached: Vec<Reached>,
}

/// How many features of a kind a corpus has.
#[derive(Serialize)]
struct Reached {
    what: &'static str,
    number: u64,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let root = &arguments.targets.root;
    // Asked before anything is built in a place that is not the repository.
    root.corpus()?;
    let steps = Steps::new();
    let mut all = Vec::new();
    let targets = arguments.targets.all();
    if arguments.engines {
        Programs::build(&root.root, &targets)?;
    }
    for target in targets {
        let committed = read_files(&root.of_target(target)?)?;
        let working = read_files(&root.working(target))?;
        for (corpus, files) in [("corpus", committed), ("fuzz/corpus", working)] {
            // Who does not fuzz has no working corpus.
            if corpus == "corpus" || !files.is_empty() {
                let reached = reached(arguments, target, &files, &steps)?;
                all.push(stats(target, corpus, &files, reached));
            }
        }
    }
    steps.end();
    if arguments.json {
        write_json(out, &all)?;
    } else {
        show(out, &all)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn stats(target: &Target, corpus: &'static str, files: &Files, reached: Vec<Reached>) -> Stats {
    let mut sizes: Vec<usize> = files.values().map(Vec::len).collect();
    sizes.sort_unstable();
    Stats {
        target: target.name,
        corpus,
        inputs: sizes.len(),
        bytes: sizes.iter().sum(),
        median: sizes.get(sizes.len() / 2).copied().unwrap_or(0),
        largest: sizes.last().copied().unwrap_or(0),
        reached,
    }
}

fn reached(
    arguments: &Arguments,
    target: &'static Target,
    files: &Files,
    steps: &Steps,
) -> Result<Vec<Reached>, Stop> {
    let programs = arguments.engines.then(|| Programs::of(&arguments.targets.root.root, target));
    let inputs: Vec<&[u8]> = files.values().map(|bytes| &bytes[..]).collect();
    let kinds = measure::measure(target, &inputs, &[], programs.as_ref(), steps)?;
    let count = |kind: Kind| Reached {
        what: kind.what,
        number: kind.reached(0..inputs.len()).len() as u64,
    };
    let mut reached: Vec<Reached> = kinds.into_iter().map(count).collect();
    if let Some(programs) = &programs {
        steps.begin(format!("{}: honggfuzz on {} inputs", target.name, inputs.len()));
        let edges = measure::edges(programs, &inputs)?.count;
        reached.push(Reached { what: "honggfuzz edges", number: edges });
    }
    Ok(reached)
}

fn show(out: &mut dyn Write, all: &[Stats]) -> std::io::Result<()> {
    let names = ["corpus", "inputs", "bytes", "median", "largest"];
    let reached = all.first().into_iter().flat_map(|stats| &stats.reached);
    let names = names.into_iter().chain(reached.map(|reached| reached.what));
    let mut rows = vec![names.map(str::to_owned).collect::<Vec<_>>()];
    rows.extend(all.iter().map(|stats| {
        let sizes = [stats.inputs, stats.bytes, stats.median, stats.largest];
        let reached = stats.reached.iter().map(|reached| reached.number.to_string());
        let sizes = sizes.iter().map(usize::to_string);
        let name = format!("{}/{}", stats.corpus, stats.target);
        std::iter::once(name).chain(sizes).chain(reached).collect()
    }));
    let mut aligns = vec![Align::Right; rows[0].len()];
    aligns[0] = Align::Left;
    table::write(out, &rows, &aligns)
}
