//! What was found of each bug, in figures.

use std::path::{Path, PathBuf};

use pagediff_terminal::error::{Stop, error, file_error};
use put_user_page_bugs::{BUGS, Bug, Scale};
use put_user_page_case::minimize::Size;
use put_user_page_fuzz_common::ablation::Ablation;
use serde::{Deserialize, Serialize};

use crate::engines::Engine;

/// Who looks for bugs: an engine, with all of the design or without a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hunter {
    pub(super) engine: Engine,
    /// The part that it does without.
    pub(super) ablation: Option<Ablation>,
}

impl Hunter {
    /// An engine as it is used.
    pub(crate) const fn whole(engine: Engine) -> Hunter {
        Hunter { engine, ablation: None }
    }

    /// libFuzzer, the one engine that has all parts of the design.
    pub(crate) const fn without(ablation: Ablation) -> Hunter {
        Hunter { engine: Engine::Libfuzzer, ablation: Some(ablation) }
    }

    /// All whose last runs the page and the report are about.
    pub(super) fn all() -> Vec<Hunter> {
        let (whole, without) = (Engine::ALL.map(Hunter::whole), Ablation::ALL.map(Hunter::without));
        [&whole[..], &without].concat()
    }

    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        self.ablation.map_or(self.engine.name(), Ablation::name)
    }

    /// Where its last run over all bugs is kept.
    pub(super) fn place(self, root: &Path) -> PathBuf {
        let without = self.ablation.map_or(String::new(), |part| format!("-{}", part.name()));
        root.join("target/bugs").join(format!("{}{without}.json", self.engine.name()))
    }
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

impl BugRecord {
    pub(super) fn new(bug: &Bug, replayed: Option<Replayed>) -> BugRecord {
        BugRecord { name: bug.name.to_owned(), replayed, hunts: Vec::new() }
    }

    /// A hunter's runs: those of others in the same command are here, too.
    fn hunts_of(&self, hunter: Hunter) -> Option<&HuntRecord> {
        self.hunts.iter().find(|hunt| hunt.finder() == hunter.name())
    }
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
    /// The part of the design that it did without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ablation: Option<String>,
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

/// What is found of the bank.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct BankRecord {
    /// How many bugs there are.
    pub(crate) bugs: usize,
    /// Those that the committed corpus does not find.
    pub(crate) not_found: Vec<String>,
    /// How long replaying took, in seconds.
    pub(crate) seconds: f64,
    /// What else looked for them, when it last did.
    pub(crate) finders: Vec<Summary>,
}

/// What a finder's runs for several bugs came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// An engine, or libFuzzer without a part of the design.
    pub(crate) finder: String,
    /// Runs for each bug.
    pub(crate) seeds: usize,
    /// How many bugs it looked for.
    pub(crate) bugs: usize,
    /// Bugs that each run found.
    pub(crate) always_found: usize,
    /// Bugs that a run found.
    pub(crate) found_ever: usize,
    /// The median for each bug, in seconds; none where most runs did not find it.
    pub(crate) found_after: Vec<Option<f64>>,
    /// The longest run, whether it found something or not, in seconds.
    pub(crate) longest: f64,
}

impl Summary {
    pub(super) fn of<'a>(hunts: impl IntoIterator<Item = &'a HuntRecord>) -> Summary {
        let hunts: Vec<&HuntRecord> = hunts.into_iter().collect();
        let seconds = hunts.iter().flat_map(|hunt| &hunt.runs).map(|run| run.seconds);
        Summary {
            finder: hunts.first().map_or("", |hunt| hunt.finder()).to_owned(),
            seeds: hunts.first().map_or(0, |hunt| hunt.runs.len()),
            bugs: hunts.len(),
            always_found: hunts.iter().filter(|hunt| hunt.always_found()).count(),
            found_ever: hunts.iter().filter(|hunt| hunt.ever_found()).count(),
            found_after: hunts.iter().map(|hunt| hunt.median_seconds()).collect(),
            longest: seconds.fold(0.0, f64::max),
        }
    }

    /// The median of the bugs' medians, as text; what was not found takes longer than all.
    pub(crate) fn median(&self) -> String {
        let medians = self.found_after.iter().map(|after| after.unwrap_or(f64::INFINITY));
        let median = median(medians.collect()).filter(|median| median.is_finite());
        median.map_or("–".to_owned(), |median| format!("{median:.2} s"))
    }
}

impl HuntRecord {
    /// What looked for the bug: an engine, or libFuzzer without a part of the design.
    pub(super) fn finder(&self) -> &str {
        self.ablation.as_deref().unwrap_or(&self.engine)
    }

    pub(super) fn always_found(&self) -> bool {
        self.runs.iter().all(|run| run.found)
    }

    pub(super) fn ever_found(&self) -> bool {
        self.runs.iter().any(|run| run.found)
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

/// What a hunter's last run over all came to, in the order of the bank; none if there was none.
///
/// # Errors
///
/// It cannot be read, or is of another bank.
pub(super) fn last_run(root: &Path, hunter: Hunter) -> Result<Option<Vec<HuntRecord>>, Stop> {
    let path = hunter.place(root);
    if !path.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&path).map_err(|why| file_error(&path, "read", &why))?;
    let flag = if hunter.ablation.is_some() { "--ablation" } else { "--engine" };
    let again = format!("run `pagediff bugs {flag} {}`", hunter.name());
    let records: Vec<BugRecord> = serde_json::from_str(&text)
        .map_err(|why| error(format!("{} is no record: {why}", path.display()), &again))?;
    let of = |name: &str| {
        let record = records.iter().find(|record| record.name == name);
        record?.hunts_of(hunter).cloned()
    };
    let hunts = BUGS.iter().filter(|bug| bug.scale == Scale::Small).map(|bug| {
        of(bug.name).ok_or_else(|| error(format!("{} lacks {}", path.display(), bug.name), &again))
    });
    hunts.collect::<Result<_, Stop>>().map(Some)
}

/// The last runs of these that there were.
///
/// # Errors
///
/// As of [`last_run`].
pub(super) fn last_runs(root: &Path, hunters: &[Hunter]) -> Result<Vec<Vec<HuntRecord>>, Stop> {
    let runs = hunters.iter().map(|&hunter| last_run(root, hunter));
    runs.filter_map(Result::transpose).collect()
}

#[cfg(test)]
mod tests {
    use put_user_page_fuzz_common::ablation::Ablation;

    use super::{BugRecord, HuntRecord, HuntRun, Hunter, Summary};
    use crate::engines::Engine;

    fn run(found: bool, seconds: f64) -> HuntRun {
        HuntRun { found, seconds, executions: None }
    }

    fn of(runs: Vec<HuntRun>) -> HuntRecord {
        let engine = "libfuzzer".to_owned();
        HuntRecord { engine, sanitizer: String::new(), ablation: None, runs }
    }

    #[test]
    fn what_was_not_found_takes_longer_than_all() {
        let found = of(vec![run(true, 3.0), run(false, 1.0), run(true, 2.0)]);
        assert_eq!(found.median_seconds(), Some(3.0));
        assert_eq!(found.median_executions(), None);
        assert!(!found.always_found());
        assert_eq!(of(vec![run(true, 3.0), run(false, 1.0)]).median_seconds(), None);
    }

    #[test]
    fn a_summary_counts_what_was_found_always_and_ever() {
        let hunts = [
            of(vec![run(true, 3.0), run(true, 1.0)]),
            of(vec![run(true, 2.0), run(false, 9.0)]),
            of(vec![run(false, 9.0), run(false, 8.0)]),
        ];
        let summary = Summary::of(&hunts);
        assert_eq!((summary.seeds, summary.bugs), (2, 3));
        assert_eq!((summary.always_found, summary.found_ever), (1, 2));
        assert_eq!((summary.median(), summary.longest), ("–".to_owned(), 9.0));
        assert_eq!(Summary::of(&hunts[..1]).median(), "3.00 s");
    }

    #[test]
    fn each_hunter_has_its_own_runs_of_a_command_for_several() {
        let without = |part: Ablation, seconds| HuntRecord {
            ablation: Some(part.name().to_owned()),
            ..of(vec![run(true, seconds)])
        };
        let hunts = vec![
            of(vec![run(true, 1.0)]),
            without(Ablation::NoDictionary, 2.0),
            without(Ablation::NoMutator, 3.0),
        ];
        let record = BugRecord { name: String::new(), replayed: None, hunts };
        let seconds = |hunter| record.hunts_of(hunter).map(|hunt| hunt.runs[0].seconds);
        assert_eq!(seconds(Hunter::whole(Engine::Libfuzzer)), Some(1.0));
        assert_eq!(seconds(Hunter::without(Ablation::NoDictionary)), Some(2.0));
        assert_eq!(seconds(Hunter::without(Ablation::NoMutator)), Some(3.0));
        assert_eq!(seconds(Hunter::whole(Engine::Afl)), None);
    }
}
