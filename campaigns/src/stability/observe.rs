//! What can be seen of inputs from outside: what each engine covers with them, and whether
//! they diverge.

use std::collections::BTreeSet;
use std::path::Path;

use pagediff_terminal::error::{Stop, file_error};
use pagediff_terminal::inputs;
use put_user_page_fuzz_common::FINDINGS_VARIABLE;
use put_user_page_targets::findings::Signature;
use put_user_page_targets::registry::Target;

use super::settings::Setting;
use crate::corpus::measure::{self, Folder, Programs};
use crate::corpus::signature_of;
use crate::corpus::steps::Steps;

/// Who runs the inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Observer {
    ThisProcess,
    Libfuzzer,
    Afl,
    Honggfuzz,
}

impl Observer {
    const ALL: [Observer; 4] =
        [Observer::ThisProcess, Observer::Libfuzzer, Observer::Afl, Observer::Honggfuzz];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Observer::ThisProcess => "pagediff",
            Observer::Libfuzzer => "libfuzzer",
            Observer::Afl => "afl",
            Observer::Honggfuzz => "honggfuzz",
        }
    }

    /// What it tells of an input, in the plural.
    pub(super) const fn features(self) -> &'static str {
        match self {
            Observer::ThisProcess => "named states",
            Observer::Libfuzzer => "features",
            Observer::Afl => "tuples",
            Observer::Honggfuzz => "edges",
        }
    }
}

/// The inputs in one setting.
#[derive(Debug)]
pub(super) struct Observation {
    pub(super) setting: &'static str,
    pub(super) seen: Vec<Seen>,
}

/// The signatures of divergences, as in the names of findings.
type Signatures = BTreeSet<String>;

/// What one observer saw.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) by: Observer,
    /// The features of each input.
    pub(super) features: Vec<BTreeSet<u32>>,
    /// How many features all have together, where the observer does not tell them apart.
    pub(super) together: Option<u64>,
    /// The divergences of each input.
    pub(super) divergences: Vec<Signatures>,
}

/// Runs the inputs in a setting. What is seen of each has the place that the input has.
pub(super) fn observe(
    target: &'static Target,
    inputs: &[&[u8]],
    setting: &Setting,
    programs: &Programs,
    steps: &Steps,
) -> Result<Observation, Stop> {
    let order = setting.order(inputs.len());
    let ordered: Vec<&[u8]> = order.iter().map(|&input| inputs[input]).collect();
    let mut seen = Vec::new();
    for by in Observer::ALL {
        if by == Observer::ThisProcess && !setting.is_for_this_process() {
            continue;
        }
        let name = target.name;
        steps.begin(format!("{name}: {} inputs by {}, {}", inputs.len(), by.name(), setting.what));
        let ordered = match by {
            Observer::ThisProcess => look(target, &ordered)?,
            _ => run(by, &ordered, setting, programs)?,
        };
        seen.push(Seen {
            features: in_place(&order, ordered.features),
            divergences: in_place(&order, ordered.divergences),
            ..ordered
        });
    }
    Ok(Observation { setting: setting.name, seen })
}

/// Puts what is in an order where the numbers of the order say.
fn in_place<T: Clone + Default>(order: &[usize], ordered: Vec<T>) -> Vec<T> {
    let mut all = vec![T::default(); ordered.len()];
    for (&place, one) in order.iter().zip(ordered) {
        all[place] = one;
    }
    all
}

/// What this process sees.
fn look(target: &'static Target, inputs: &[&[u8]]) -> Result<Seen, Stop> {
    let looks = measure::looks(target, inputs.iter().copied())?;
    let seen = looks.into_iter().map(|look| match look {
        Ok(states) => (measure::numbers(states).into_iter().collect(), Signatures::new()),
        Err(report) => (BTreeSet::new(), Signatures::from([Signature::of(&report).to_string()])),
    });
    let (features, divergences) = seen.unzip();
    Ok(Seen { by: Observer::ThisProcess, features, together: None, divergences })
}

/// What an engine sees.
fn run(
    by: Observer,
    inputs: &[&[u8]],
    setting: &Setting,
    programs: &Programs,
) -> Result<Seen, Stop> {
    let ((features, together), found) = cover(by, inputs, setting, programs)?;
    let mut divergences = Vec::new();
    apart(inputs, found, &mut divergences, &mut |inputs| {
        Ok(cover(by, inputs, setting, programs)?.1)
    })?;
    let features = features.into_iter().map(BTreeSet::from_iter).collect();
    Ok(Seen { by, features, together, divergences })
}

/// The features of each input, or how many all have together.
type Covered = (Vec<Vec<u32>>, Option<u64>);

/// Runs all inputs under an engine, and returns what it covers and the signatures found.
fn cover(
    by: Observer,
    inputs: &[&[u8]],
    setting: &Setting,
    programs: &Programs,
) -> Result<(Covered, Signatures), Stop> {
    let findings = measure::temporary()?;
    let mut surroundings = setting.surroundings();
    // No divergence ends the process: what comes after it is to be seen too.
    surroundings.environment.push((FINDINGS_VARIABLE, findings.path().into()));
    let programs = programs.within(surroundings);
    let folder = || Folder::of(inputs.iter().copied());
    let covered = match by {
        Observer::Libfuzzer => (measure::features(&programs, &folder()?)?, None),
        Observer::Afl => (measure::tuples(&programs, &folder()?)?, None),
        _ => (vec![Vec::new(); inputs.len()], Some(measure::edges(&programs, inputs)?.count)),
    };
    Ok((covered, signatures(findings.path())?))
}

/// The signatures that are recorded in a directory.
fn signatures(directory: &Path) -> Result<Signatures, Stop> {
    let mut signatures = Signatures::new();
    for path in inputs::files_in(directory)? {
        let signature = signature_of(&path).ok_or_else(|| {
            let what = std::io::Error::other("it is no finding");
            file_error(&path, "read", &what)
        })?;
        signatures.insert(signature.to_owned());
    }
    Ok(signatures)
}

/// Tells apart what was found of some inputs together, by running halves of them.
fn apart<Run: FnMut(&[&[u8]]) -> Result<Signatures, Stop>>(
    inputs: &[&[u8]],
    found: Signatures,
    divergences: &mut Vec<Signatures>,
    run: &mut Run,
) -> Result<(), Stop> {
    if found.is_empty() || inputs.len() < 2 {
        divergences.resize(divergences.len() + inputs.len(), found);
        return Ok(());
    }
    let (one, other) = inputs.split_at(inputs.len() / 2);
    for half in [one, other] {
        let found = run(half)?;
        apart(half, found, divergences, run)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{apart, in_place};

    #[test]
    fn what_is_seen_in_another_order_is_of_the_same_input() {
        assert_eq!(in_place(&[2, 0, 1], vec!["c", "a", "b"]), ["a", "b", "c"]);
    }

    #[test]
    fn each_input_gets_what_is_found_of_it_alone() {
        let inputs: Vec<Vec<u8>> = (0..9).map(|number| vec![number]).collect();
        let inputs: Vec<&[u8]> = inputs.iter().map(|bytes| &bytes[..]).collect();
        let found = |inputs: &[&[u8]]| -> BTreeSet<String> {
            let diverging = inputs.iter().filter(|bytes| bytes[0] % 4 == 3);
            diverging.map(|bytes| format!("of-{}", bytes[0])).collect()
        };
        let mut divergences = Vec::new();
        let mut runs = 0;
        let mut run = |inputs: &[&[u8]]| {
            runs += 1;
            Ok(found(inputs))
        };
        apart(&inputs, found(&inputs), &mut divergences, &mut run).unwrap();
        let alone: Vec<BTreeSet<String>> = inputs.iter().map(|&one| found(&[one])).collect();
        assert_eq!(divergences, alone);
        assert!(runs > 2);
        // Where nothing is found, nothing is run again.
        divergences.clear();
        let mut run = |_: &[&[u8]]| panic!("it is known");
        apart(&inputs, BTreeSet::new(), &mut divergences, &mut run).unwrap();
        assert_eq!(divergences, vec![BTreeSet::new(); 9]);
    }
}
