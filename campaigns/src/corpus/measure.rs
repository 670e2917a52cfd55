//! What inputs have that a corpus must not lose. What a target does with an input does not
//! depend on the inputs before it, so that each runs once, and measuring again must find the
//! same.

mod afl;
mod here;
mod honggfuzz;
mod libfuzzer;
mod programs;
mod surroundings;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use pagediff_terminal::error::{Stop, error, file_error};
use pagediff_terminal::output::last_lines;
use put_user_page_targets::registry::Target;
use tempfile::TempDir;

pub(crate) use afl::tuples;
pub(crate) use here::{findable_states, finder, looks, numbers};
pub(crate) use honggfuzz::{Edges, edges};
pub(crate) use libfuzzer::features;
pub(crate) use programs::Programs;
pub(crate) use surroundings::Surroundings;

use super::steps::Steps;

/// All that inputs have of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    /// What it is, in the plural.
    pub(crate) what: &'static str,
    /// The features of each input, by their numbers.
    pub(crate) of: Vec<Vec<u32>>,
}

impl Kind {
    /// The features that any of these inputs has.
    pub(crate) fn reached(&self, inputs: impl IntoIterator<Item = usize>) -> BTreeSet<u32> {
        inputs.into_iter().flat_map(|input| self.of[input].iter().copied()).collect()
    }
}

/// Inputs in files of their own, for engines to read.
pub(crate) struct Folder {
    directory: TempDir,
    /// The files, in the order of the inputs.
    paths: Vec<PathBuf>,
}

impl Folder {
    /// Writes the inputs to a directory for as long as this lives.
    pub(crate) fn of<'a>(inputs: impl IntoIterator<Item = &'a [u8]>) -> Result<Folder, Stop> {
        let directory = temporary()?;
        let mut paths = Vec::new();
        for (number, bytes) in inputs.into_iter().enumerate() {
            let path = directory.path().join(format!("{number:06}"));
            std::fs::write(&path, bytes).map_err(|why| file_error(&path, "written", &why))?;
            paths.push(path);
        }
        Ok(Folder { directory, paths })
    }
}

/// Measures all that can be told input by input. Without programs, no engine is asked.
pub(crate) fn measure(
    target: &'static Target,
    inputs: &[&[u8]],
    first: &[usize],
    programs: Option<&Programs>,
    steps: &Steps,
) -> Result<Vec<Kind>, Stop> {
    steps.begin(format!("{}: named states of {} inputs", target.name, inputs.len()));
    let looks = looks(target, inputs.iter().copied())?;
    // One that diverges has none.
    let states = looks.into_iter().map(|look| numbers(look.unwrap_or_default())).collect();
    steps.begin(format!("{}: bugs that {} inputs find", target.name, inputs.len()));
    let bugs = here::bugs(target, inputs, first);
    let mut kinds =
        vec![Kind { what: "named states", of: states }, Kind { what: "bugs", of: bugs }];
    if let Some(programs) = programs {
        let folder = Folder::of(inputs.iter().copied())?;
        steps.begin(format!("{}: libFuzzer on {} inputs", target.name, inputs.len()));
        let of = features(programs, &folder)?;
        kinds.push(Kind { what: "libfuzzer features", of });
        steps.begin(format!("{}: AFL++ on {} inputs", target.name, inputs.len()));
        let of = tuples(programs, &folder)?;
        kinds.push(Kind { what: "afl tuples", of });
    }
    Ok(kinds)
}

/// A directory for as long as it is needed.
pub(crate) fn temporary() -> Result<TempDir, Stop> {
    tempfile::tempdir().map_err(|why| {
        error(
            format!("no directory can be made in {}: {why}", std::env::temp_dir().display()),
            "make room there, or name another place in TMPDIR",
        )
    })
}

/// Runs a program to its end.
fn output(command: &mut Command, what: &str) -> Result<Output, Stop> {
    command.stdin(Stdio::null()).output().map_err(|why| {
        error(format!("{what} does not start: {why}"), "run `scripts/setup`, which sets it up")
    })
}

/// What to say of a program that did not do what it was asked.
fn failed(what: &str, program: &Path, output: &Output) -> Stop {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    let text = String::from_utf8_lossy(&text);
    let last = last_lines(&text);
    error(
        format!("{what} cannot measure with {}, {}: {last}", program.display(), output.status),
        "see that the target runs: `pagediff replay corpus/`",
    )
}
