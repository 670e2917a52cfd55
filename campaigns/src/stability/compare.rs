//! What differs between observations of the same inputs.

use std::collections::BTreeSet;

use serde::Serialize;

use super::observe::{Observation, Seen};

/// What an observer saw of an input that it should not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    /// The input's file, or none for all of the target together.
    pub(super) file: Option<String>,
    pub(super) target: &'static str,
    pub(super) setting: &'static str,
    pub(super) engine: &'static str,
    /// How many features are there in this setting or in the first, but not in both.
    pub(super) features: u64,
    /// What the engine calls them.
    pub(super) of: &'static str,
    /// How it diverges, if that differs.
    pub(super) outcome: Option<Outcome>,
}

/// The signatures of an input's divergences; none where it does not diverge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Outcome {
    /// As seen by the first observer in the first setting.
    pub(super) first: BTreeSet<String>,
    pub(super) here: BTreeSet<String>,
}

/// All differences from the first observation, by setting, observer and input. Divergences are
/// held against what the first observer there saw, so that all must agree on them.
pub(super) fn differences(
    observations: &[Observation],
    target: &'static str,
    files: &[String],
) -> Vec<Difference> {
    let Some(first) = observations.first() else { return Vec::new() };
    let mut differences = Vec::new();
    for Observation { setting, seen } in observations {
        for seen in seen {
            let difference = |file: Option<&String>, features, outcome| Difference {
                file: file.cloned(),
                target,
                setting,
                engine: seen.by.name(),
                features,
                of: seen.by.features(),
                outcome,
            };
            let Some(before) = first.seen.iter().find(|before| before.by == seen.by) else {
                continue;
            };
            for (input, file) in files.iter().enumerate() {
                let outcome = outcome(&first.seen[0], seen, input);
                let features = features(before, seen, input);
                if features > 0 || outcome.is_some() {
                    differences.push(difference(Some(file), features, outcome));
                }
            }
            let together = together(before, seen);
            if together > 0 {
                differences.push(difference(None, together, None));
            }
        }
    }
    differences
}

/// How an input diverges, if that is not as it was.
fn outcome(first: &Seen, seen: &Seen, input: usize) -> Option<Outcome> {
    let (first, here) = (&first.divergences[input], &seen.divergences[input]);
    (first != here).then(|| Outcome { first: first.clone(), here: here.clone() })
}

/// How many features differ. An input that diverges also covers what records that, which
/// depends on what was recorded before: its features say nothing.
fn features(before: &Seen, seen: &Seen, input: usize) -> u64 {
    if !before.divergences[input].is_empty() || !seen.divergences[input].is_empty() {
        return 0;
    }
    before.features[input].symmetric_difference(&seen.features[input]).count() as u64
}

/// By how much the number of what all inputs have together differs. It says as little if any of
/// them diverges.
fn together(before: &Seen, seen: &Seen) -> u64 {
    let mut divergences = before.divergences.iter().chain(&seen.divergences);
    match (before.together, seen.together) {
        (Some(before), Some(now)) if divergences.all(BTreeSet::is_empty) => before.abs_diff(now),
        _ => 0,
    }
}

/// How many inputs differ in a setting.
pub(super) fn inputs_that_differ(differences: &[Difference], setting: &str) -> usize {
    let here = differences.iter().filter(|difference| difference.setting == setting);
    here.filter_map(|difference| difference.file.as_ref()).collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Difference, Outcome, differences, inputs_that_differ};
    use crate::stability::observe::{Observation, Observer, Seen};

    /// Two inputs, of which the second has these features and divergences.
    fn seen(by: Observer, features: &[u32], divergences: &[&str]) -> Seen {
        let divergences = divergences.iter().map(|&one| one.to_owned()).collect();
        Seen {
            by,
            features: vec![BTreeSet::from([1]), features.iter().copied().collect()],
            together: None,
            divergences: vec![BTreeSet::new(), divergences],
        }
    }

    fn compared(first: Vec<Seen>, then: Vec<Seen>) -> Vec<Difference> {
        let observations = [
            Observation { setting: "first", seen: first },
            Observation { setting: "then", seen: then },
        ];
        differences(&observations, "program", &["one".to_owned(), "two".to_owned()])
    }

    #[test]
    fn features_that_came_or_went_are_counted() {
        let before = seen(Observer::Afl, &[1, 2, 3], &[]);
        assert_eq!(compared(vec![before.clone()], vec![before.clone()]), []);
        let found = compared(vec![before], vec![seen(Observer::Afl, &[2, 3, 4, 5], &[])]);
        let expected = Difference {
            file: Some("two".to_owned()),
            target: "program",
            setting: "then",
            engine: "afl",
            features: 3,
            of: "tuples",
            outcome: None,
        };
        assert_eq!(found, [expected]);
        assert_eq!(
            (inputs_that_differ(&found, "then"), inputs_that_differ(&found, "first")),
            (1, 0)
        );
    }

    #[test]
    fn an_observer_is_compared_with_itself() {
        let first = vec![seen(Observer::Afl, &[1], &[]), seen(Observer::Libfuzzer, &[7], &[])];
        assert_eq!(compared(first, vec![seen(Observer::Libfuzzer, &[7], &[])]), []);
    }

    #[test]
    fn observers_must_agree_on_what_diverges() {
        let first = vec![seen(Observer::Afl, &[1], &[]), seen(Observer::Honggfuzz, &[], &["x"])];
        let found = compared(first, Vec::new());
        let outcome = Outcome { first: BTreeSet::new(), here: BTreeSet::from(["x".to_owned()]) };
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].setting, found[0].engine), ("first", "honggfuzz"));
        assert_eq!(found[0].outcome, Some(outcome));
    }

    #[test]
    fn what_covers_a_divergence_is_not_compared() {
        let first = vec![seen(Observer::Afl, &[1, 2], &["x"])];
        assert_eq!(compared(first.clone(), vec![seen(Observer::Afl, &[1], &["x"])]), []);
        let found = compared(first, vec![seen(Observer::Afl, &[1], &[])]);
        assert_eq!((found.len(), found[0].features), (1, 0));
    }

    #[test]
    fn what_is_not_told_apart_is_of_all_inputs() {
        let edges = |number| Seen { together: Some(number), ..seen(Observer::Honggfuzz, &[], &[]) };
        assert_eq!(compared(vec![edges(9)], vec![edges(9)]), []);
        let found = compared(vec![edges(9)], vec![edges(7)]);
        assert_eq!((found[0].file.as_deref(), found[0].features), (None, 2));
        assert_eq!(inputs_that_differ(&found, "then"), 0);
        // One that diverges covers what records it, too.
        let diverging =
            |number| Seen { together: Some(number), ..seen(Observer::Honggfuzz, &[], &["x"]) };
        assert_eq!(compared(vec![diverging(9)], vec![diverging(7)]), []);
    }
}
