//! What a stretch of fuzzing did, in figures: the one file that the fuzzing commands and the
//! nightly job write, and that `pagediff report` shows.
//!
//! It is JSON, in `target/nightly/record.json`. Lists may be empty, and what was not measured
//! is left out.

use std::path::Path;

use pagediff_terminal::error::{Stop, error, file_error};
use serde::{Deserialize, Serialize};

use crate::bugs::BankRecord;

/// Where the nightly job leaves its record.
pub(crate) const PATH: &str = "target/nightly/record.json";

/// One stretch of fuzzing, of any number of targets with any number of engines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// When it started, in seconds since 1970 UTC.
    pub(crate) started: u64,
    /// How long it took by the clock, in seconds, with all its steps.
    pub(crate) seconds: u64,
    /// Cores that it used.
    pub(crate) cores: usize,
    /// What was done with each target, in the order in which they are to be shown.
    pub(crate) targets: Vec<TargetRecord>,
    /// What diverged, each distinct divergence once.
    pub(crate) findings: Vec<FindingRecord>,
    /// What is found of the bug bank, if that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bank: Option<BankRecord>,
    /// What each part took.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) costs: Vec<CostRecord>,
    /// What belongs to a night and could not be done here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) left_out: Vec<LeftOut>,
}

/// What a part of the nightly job took.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct CostRecord {
    /// Its name, as in docs/nightly.md.
    pub(crate) part: String,
    /// How long it took by the clock, in seconds.
    pub(crate) seconds: f64,
    /// How long it may take, in minutes.
    pub(crate) most_minutes: u64,
    /// Why it did not come to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failed: Option<String>,
}

impl CostRecord {
    /// Whether it took longer than it may.
    pub(crate) fn is_over(&self) -> bool {
        self.seconds > self.most_minutes as f64 * 60.0
    }
}

/// A part of the nightly job that the machine has no place for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LeftOut {
    /// No kernel is set up: the target `kernel` was not fuzzed, nor anything replayed in one.
    Kernel,
    /// Line coverage could not be measured.
    LineCoverage,
}

/// What was done with one target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct TargetRecord {
    /// Its name in the registry.
    pub(crate) name: String,
    /// The engines that fuzzed it.
    pub(crate) engines: Vec<EngineRecord>,
    /// What became of its corpus, if that was merged and minimised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) corpus: Option<CorpusRecord>,
}

/// One engine on one target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct EngineRecord {
    /// `libfuzzer`, `afl`, `honggfuzz` or `bolero`.
    pub(crate) engine: String,
    /// How long it ran by the clock, in seconds.
    pub(crate) seconds: f64,
    /// Inputs that it ran, by all of its processes.
    pub(crate) executions: u64,
    /// Inputs per second, by all of its processes.
    pub(crate) per_second: f64,
    /// Edges that it covered in the end, as it counts them: not comparable between engines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) coverage: Option<u64>,
    /// How it came there, in the order of time.
    #[serde(default)]
    pub(crate) samples: Vec<Sample>,
}

/// An engine's figures at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// Since the engine was started, in seconds.
    pub(crate) seconds: f64,
    /// Inputs run so far.
    pub(crate) executions: u64,
    /// Edges covered so far, as the engine counts them.
    pub(crate) coverage: u64,
    /// Inputs in its corpus.
    pub(crate) corpus: u64,
}

/// What became of a corpus.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct CorpusRecord {
    /// As it was.
    pub(crate) before: CorpusSize,
    /// With all that the engines found.
    pub(crate) merged: CorpusSize,
    /// Minimised.
    pub(crate) after: CorpusSize,
    /// What must not be lost by that, each kind counted.
    pub(crate) kept: Vec<KeptRecord>,
}

/// How large a corpus is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct CorpusSize {
    /// Files.
    pub(crate) inputs: u64,
    /// Bytes in them.
    pub(crate) bytes: u64,
}

/// One kind of thing that a corpus reaches, and how many of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptRecord {
    /// Such as `libfuzzer features`, `afl tuples`, `honggfuzz edges`, `named states`,
    /// `bugs`.
    pub(crate) what: String,
    /// Reached by the corpus as it was.
    pub(crate) before: u64,
    /// Reached with all that the engines found.
    pub(crate) merged: u64,
    /// Reached by the minimised corpus. Less than `merged` is a loss.
    pub(crate) after: u64,
}

/// One distinct divergence, by its smallest example.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct FindingRecord {
    /// The target that found it.
    pub(crate) target: String,
    /// What diverged: backend, function, field and kind of layout.
    pub(crate) signature: String,
    /// The example, as a path from the repository's root.
    pub(crate) file: String,
    /// The example's size in bytes.
    pub(crate) size: u64,
    /// The report, as `pagediff replay --json` gives it.
    pub(crate) report: serde_json::Value,
    /// The report as plain text.
    pub(crate) text: String,
    /// The example's world as `pagediff explain` draws it, as plain text.
    pub(crate) drawing: String,
}

impl KeptRecord {
    /// Whether minimising lost some of it.
    pub(crate) fn is_lost(&self) -> bool {
        self.after < self.before.max(self.merged)
    }
}

impl Record {
    /// Writes the record to its place in the repository.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(crate) fn write(&self, root: &Path) -> Result<(), Stop> {
        let path = root.join(PATH);
        let text = serde_json::to_string_pretty(self)
            .map_err(|why| error(format!("the record cannot be written: {why}"), "run it again"))?;
        std::fs::create_dir_all(path.parent().unwrap_or(root))
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|why| file_error(&path, "written", &why))
    }

    /// Reads a record.
    ///
    /// # Errors
    ///
    /// Where there is no such file, or what it holds is no record.
    pub(crate) fn read(path: &Path) -> Result<Record, Stop> {
        let text =
            std::fs::read_to_string(path).map_err(|cause| file_error(path, "read", &cause))?;
        serde_json::from_str(&text).map_err(|cause| {
            error(
                format!("{} holds no record: {cause}", path.display()),
                "`scripts/nightly` writes one: run it, or name another file with --record",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{KeptRecord, Record};

    #[test]
    fn what_was_not_measured_may_be_left_out() {
        let text = r#"{"started": 1, "seconds": 2, "cores": 3, "findings": [], "targets":
            [{"name": "dirty", "engines": [{"engine": "afl", "seconds": 0.5, "executions": 4,
            "per_second": 8.0}]}]}"#;
        let record: Record = serde_json::from_str(text).expect("a record");
        assert_eq!(record.targets[0].corpus, None);
        assert_eq!(record.targets[0].engines[0].coverage, None);
        assert_eq!(record.left_out, []);
        let again = serde_json::to_string(&record).expect("JSON");
        assert_eq!(serde_json::from_str::<Record>(&again).expect("a record"), record);
    }

    #[test]
    fn less_than_was_reached_is_a_loss() {
        let kept =
            |before, merged, after| KeptRecord { what: String::new(), before, merged, after };
        assert!(!kept(3, 5, 5).is_lost());
        assert!(kept(3, 5, 4).is_lost());
        assert!(kept(5, 5, 4).is_lost());
    }
}
