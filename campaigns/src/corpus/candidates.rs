//! What a target's corpus is chosen from: its committed corpus and its working corpus, which
//! all engines share.

use std::collections::{BTreeMap, BTreeSet};

use pagediff_terminal::error::{Stop, file_error};
use put_user_page_targets::findings::Findings;
use put_user_page_targets::harness::Harness;
use put_user_page_targets::registry::Target;
use sha1_smol::Sha1;

use super::scenarios::PREFIX;
use super::swap::Files;
use super::{Root, measure, read_files};
use crate::record::CorpusSize;

/// An input, canonical, as the target sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Input {
    /// `scenario-NAME`, or the SHA-1 of its bytes, as libFuzzer would name it.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) is_committed: bool,
}

impl Input {
    /// Whether it is kept whatever it has: it is compiled from corpus/scenarios.
    pub(crate) fn is_scenario(&self) -> bool {
        self.name.starts_with(PREFIX)
    }
}

/// What a target's corpus is chosen from.
#[derive(Debug)]
pub(crate) struct Candidates {
    /// The committed corpus as it is.
    pub(crate) committed: Files,
    /// The working corpus as it is.
    pub(crate) working: Files,
    /// All inputs of both that do not diverge, each once.
    pub(crate) inputs: Vec<Input>,
    /// Committed inputs that diverge: to be kept as they are, for no engine gets over them.
    pub(crate) diverging: Files,
    /// How many others diverge. They are findings now, and candidates no more.
    pub(crate) found: usize,
}

/// The name of an input that is no scenario.
pub(crate) fn name_of(bytes: &[u8]) -> String {
    Sha1::from(bytes).digest().to_string()
}

/// Reads both corpora, mended if a process was killed while it replaced one.
///
/// # Errors
///
/// One cannot be read, or what diverges cannot be recorded.
pub(crate) fn gather(root: &Root, target: &'static Target) -> Result<Candidates, Stop> {
    let directories = [root.of_target(target)?, root.working(target)];
    for directory in &directories {
        super::mend(directory)?;
    }
    let [committed, working] = directories.map(|directory| read_files(&directory));
    let (committed, working) = (committed?, working?);
    let all = inputs(target, &committed, &working);
    let looks = measure::looks(target, all.iter().map(|input| &input.bytes[..]))?;
    let findings = Findings::new(root.artifacts());
    let (mut inputs, mut diverging, mut found) = (Vec::new(), Files::new(), 0);
    for (input, look) in all.into_iter().zip(looks) {
        match look {
            Ok(_) => inputs.push(input),
            Err(_) if input.is_committed => drop(diverging.insert(input.name, input.bytes)),
            Err(report) => {
                let recorded = findings.record(target, &input.bytes, &report);
                recorded.map_err(|why| file_error(&root.artifacts(), "written", &why))?;
                found += 1;
            }
        }
    }
    Ok(Candidates { committed, working, inputs, diverging, found })
}

/// The files of a corpus, its scenarios before all others.
pub(super) fn scenarios_first(files: &Files) -> Vec<(&String, &Vec<u8>)> {
    let mut files: Vec<_> = files.iter().collect();
    files.sort_by_key(|(name, _)| !name.starts_with(PREFIX));
    files
}

/// The inputs of both, canonical, by name, each once.
fn inputs(target: &Target, committed: &Files, working: &Files) -> Vec<Input> {
    let mut inputs = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let committed = scenarios_first(committed).into_iter().map(|file| (file, true));
    for ((name, bytes), is_committed) in committed.chain(working.iter().map(|file| (file, false))) {
        let bytes = Harness::canonical(target, bytes);
        let is_scenario = is_committed && name.starts_with(PREFIX);
        if seen.insert(bytes.clone()) || is_scenario {
            let name = if is_scenario { name.clone() } else { name_of(&bytes) };
            inputs.insert(name.clone(), Input { name, bytes, is_committed });
        }
    }
    inputs.into_values().collect()
}

/// How large a corpus of these inputs is.
pub(crate) fn size<'a>(inputs: impl IntoIterator<Item = &'a Vec<u8>>) -> CorpusSize {
    let sizes: Vec<u64> = inputs.into_iter().map(|bytes| bytes.len() as u64).collect();
    CorpusSize { inputs: sizes.len() as u64, bytes: sizes.iter().sum() }
}
