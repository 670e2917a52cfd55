//! What was found of each bug, in figures.

use std::path::{Path, PathBuf};

use put_user_page_case::minimize::Size;
use serde::{Deserialize, Serialize};

use crate::engines::Engine;

/// Where an engine's last run over all bugs is kept.
pub(super) fn place(root: &Path, engine: Engine) -> PathBuf {
    root.join("target/bugs").join(format!("{}.json", engine.name()))
}

/// What was found of a bug.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct BugRecord {
    pub(super) name: String,
    /// How the committed corpus finds it; none if it does not.
    #[serde(skip_deserializing)]
    pub(super) replayed: Option<Replayed>,
    /// How engines find it.
    pub(super) hunts: Vec<HuntRecord>,
}

/// How the committed corpus finds a bug.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Replayed {
    /// The first file that shows it, in corpus/.
    pub(super) file: String,
    /// How many cases were replayed until then.
    pub(super) cases: usize,
    /// How long that took.
    pub(super) seconds: f64,
    /// The smallest case that shows it, if it was looked for.
    pub(super) smallest: Option<Smallest>,
}

/// The smallest case that shows a bug.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Smallest {
    /// It, as text.
    pub(super) case: String,
    pub(super) size: Size,
    /// What is told of it.
    pub(super) report: String,
}

/// How an engine finds a bug, from an empty corpus.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct HuntRecord {
    pub(super) engine: String,
    /// What checked the memory accesses.
    pub(super) sanitizer: String,
    pub(super) runs: Vec<HuntRun>,
}

/// One run of an engine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct HuntRun {
    /// Whether it found the bug.
    pub(super) found: bool,
    /// From the start of the process until then, or until its end.
    pub(super) seconds: f64,
    /// As the engine counts them; none if it did not say.
    pub(super) executions: Option<u64>,
}

impl HuntRecord {
    pub(super) fn always_found(&self) -> bool {
        self.runs.iter().all(|run| run.found)
    }

    /// The median of the seconds; none if it was not found in most runs.
    pub(super) fn median_seconds(&self) -> Option<f64> {
        self.median_of(|run| Some(run.seconds))
    }

    /// The median of the executions; none if it was not found in most runs.
    pub(super) fn median_executions(&self) -> Option<f64> {
        self.median_of(|run| run.executions.map(|executions| executions as f64))
    }

    /// A run that did not find it takes longer than any.
    fn median_of(&self, figure: impl Fn(&HuntRun) -> Option<f64>) -> Option<f64> {
        let figures = self.runs.iter().map(|run| match figure(run) {
            Some(figure) if run.found => figure,
            _ => f64::INFINITY,
        });
        median(figures.collect()).filter(|median| median.is_finite())
    }
}

/// The median; none of nothing.
pub(super) fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::{HuntRecord, HuntRun};

    #[test]
    fn what_was_not_found_takes_longer_than_all() {
        let run = |found, seconds| HuntRun { found, seconds, executions: None };
        let of = |runs| HuntRecord { engine: String::new(), sanitizer: String::new(), runs };
        let found = of(vec![run(true, 3.0), run(false, 1.0), run(true, 2.0)]);
        assert_eq!(found.median_seconds(), Some(3.0));
        assert_eq!(found.median_executions(), None);
        assert!(!found.always_found());
        assert_eq!(of(vec![run(true, 3.0), run(false, 1.0)]).median_seconds(), None);
    }
}
