//! What is right, written down: the reference's outcomes as text that is committed beside the
//! cases, so that a change of what they mean is a difference that somebody reads. docs/vectors.md
//! describes the text for those who read it without this.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fmt::Write as _;

use put_user_page_case::Case;
use put_user_page_case::world::World;

use crate::backend::Class;
use crate::backends::Reference;
use crate::harness::Harness;
use crate::outcome::{Event, FolioState, NodePins, Outcome};
use crate::registry::Target;
use crate::trial::Trial;

/// An outcome as text, in the parts that stand on a line each, or on one line between `; `.
pub type Parts = Vec<String>;

/// Outcomes by the names of their cases.
pub type Outcomes = BTreeMap<String, Parts>;

/// What stands between two parts on one line.
const BETWEEN: &str = "; ";

/// How outcomes that are written down are not those of the cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unlike {
    /// A case has no outcome.
    Missing,
    /// An outcome has no case.
    NoCase,
    /// They differ: the first part that does, as it is written and as it should be.
    Differs {
        /// As it is written; empty where there is no such part.
        written: String,
        /// As the reference has it now; empty where there is no such part.
        now: String,
    },
}

impl fmt::Display for Unlike {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unlike::Missing => formatter.write_str("has no outcome written down"),
            Unlike::NoCase => formatter.write_str("has an outcome written down, and is no case"),
            Unlike::Differs { written, now } => {
                write!(
                    formatter,
                    "does not have the outcome written down: `{written}`, now `{now}`"
                )
            }
        }
    }
}

/// What the reference makes of a case.
pub fn of_case(case: &Case, reference: &mut Reference) -> Parts {
    let trial = Trial::of(case, reference);
    let mut parts = vec![match trial.class() {
        Class::Valid => "valid".to_owned(),
        Class::OverRelease => "over-release".to_owned(),
    }];
    let Outcome { acquired, errors, .. } = trial.expected();
    push_list(&mut parts, "arrays", acquired.iter().map(usize::to_string));
    let stopped = errors.iter().map(|error| error.map_or("ok".to_owned(), |at| at.to_string()));
    push_list(&mut parts, "calls", stopped);
    let NodePins { acquired, released } = trial.expected().node_pins;
    if (acquired, released) != (0, 0) {
        parts.push(format!("pins {acquired} {released}"));
    }
    push_folios(&mut parts, trial.world(), trial.expected());
    parts
}

/// What the reference makes of a target's inputs.
pub fn of_inputs<'a>(
    target: &Target,
    inputs: impl IntoIterator<Item = (&'a String, &'a Vec<u8>)>,
    reference: &mut Reference,
) -> Outcomes {
    let outcome = |(name, bytes): (&String, &Vec<u8>)| {
        (name.clone(), of_case(&Harness::case(target, bytes), reference))
    };
    inputs.into_iter().map(outcome).collect()
}

/// The file of a target's outcomes.
pub fn to_file(target: &Target, outcomes: &Outcomes) -> String {
    let mut text = format!(
        "# What the reference makes of the cases in corpus/{}: docs/vectors.md tells how to read\n\
         # it. `pagediff corpus outcomes` writes it; `corpus verify` and a test hold it to the cases.\n\
         # format 2\n",
        target.name
    );
    for (name, parts) in outcomes {
        let _ = writeln!(text, "{name}: {}", parts.join(BETWEEN));
    }
    text
}

/// The outcomes in a file of a target's; lines that are none are left out, so that their cases
/// have none.
pub fn from_file(text: &str) -> Outcomes {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let outcome = |line: &str| {
        let (name, parts) = line.split_once(": ")?;
        Some((name.to_owned(), parts.split(BETWEEN).map(str::to_owned).collect()))
    };
    lines.filter_map(outcome).collect()
}

/// How what is written differs from what the reference makes of the cases now, by their names.
pub fn unlike(written: &Outcomes, now: &Outcomes) -> Vec<(String, Unlike)> {
    let names: BTreeSet<&String> = written.keys().chain(now.keys()).collect();
    let compare = |name: &String| match (written.get(name), now.get(name)) {
        (Some(written), Some(now)) => first_unlike(written, now),
        (None, _) => Some(Unlike::Missing),
        (_, None) => Some(Unlike::NoCase),
    };
    let named = |name: &String| Some((name.clone(), compare(name)?));
    names.into_iter().filter_map(named).collect()
}

fn first_unlike(written: &[String], now: &[String]) -> Option<Unlike> {
    let part = |parts: &[String], number: usize| parts.get(number).cloned().unwrap_or_default();
    let all = 0..written.len().max(now.len());
    let mut pairs = all.map(|number| (part(written, number), part(now, number)));
    let (written, now) = pairs.find(|(written, now)| written != now)?;
    Some(Unlike::Differs { written, now })
}

/// A part of these items; one that stands there several times in a row stands there once, and
/// how often.
fn push_list(parts: &mut Parts, what: &str, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.collect();
    let alike = items.chunk_by(|one, other| one == other).map(|alike| match alike.len() {
        1 => alike[0].clone(),
        times => format!("{}*{times}", alike[0]),
    });
    let alike: Vec<String> = alike.collect();
    if !alike.is_empty() {
        parts.push(format!("{what} {}", alike.join(" ")));
    }
}

/// A part for all compound pages that end alike and went through the same, in the order of the
/// first of each. Events are told page by page, for their order between pages means nothing.
fn push_folios(parts: &mut Parts, world: &World, outcome: &Outcome) {
    let mut events: BTreeMap<usize, Vec<&Event>> = BTreeMap::new();
    for event in &outcome.events {
        events.entry(event.frame).or_default().push(event);
    }
    let none = Vec::new();
    let heads = world.layout.places.iter().map(|place| place.frame);
    let mut alike: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (number, (frame, state)) in heads.zip(&outcome.folios).enumerate() {
        let told = tell(state, events.get(&frame).unwrap_or(&none));
        alike.entry(told).or_default().push(number);
    }
    let mut alike: Vec<(String, Vec<usize>)> = alike.into_iter().collect();
    alike.sort_by_key(|(_, numbers)| numbers[0]);
    parts.extend(alike.iter().map(|(told, numbers)| format!("{}: {told}", ranges(numbers))));
}

/// Numbers that go up, those side by side as one range.
fn ranges(numbers: &[usize]) -> String {
    let side_by_side = numbers.chunk_by(|one, next| one + 1 == *next);
    let ranges = side_by_side.map(|range| match range {
        [one] => one.to_string(),
        _ => format!("{}-{}", range[0], range[range.len() - 1]),
    });
    ranges.collect::<Vec<String>>().join(" ")
}

/// A compound page's end, and what happened to it call by call.
fn tell(state: &FolioState, events: &[&Event]) -> String {
    let mut text = state.kind().to_string();
    if let Some(refcount) = state.refcount() {
        let _ = write!(text, " {refcount}");
    }
    if let Some(pincount) = state.pincount().filter(|pincount| *pincount != 0) {
        let _ = write!(text, " pincount {pincount}");
    }
    let flags = [("dirty", state.dirty()), ("locked", state.locked())];
    for (flag, _) in flags.into_iter().filter(|(_, set)| *set == Some(true)) {
        let _ = write!(text, " {flag}");
    }
    let file = state.accounting().unwrap_or_default();
    for (what, times) in [("counted", file.dirty_count), ("tagged", file.dirty_tags)] {
        let _ = match times {
            0 => Ok(()),
            1 => write!(text, " {what}"),
            _ => write!(text, " {what} {times}"),
        };
    }
    for of_call in events.chunk_by(|one, other| one.call == other.call) {
        let _ = write!(text, ", call {}", of_call[0].call);
        for event in of_call {
            let _ = write!(text, " {}@{}", event.kind, event.refcount);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::naive;
    use crate::registry::target;

    #[test]
    fn an_outcome_is_told_in_full() {
        let text = "folio a kind=file\nfolio b refs=2 dirty repeat=2\nfolio c\n\
                    folio d kind=file refs=2 dirty locked\nfolio e refs=2 dirty\n\
                    entries a b !c\nput_user_pages_dirty_lock\nput_user_page\n";
        let case = Case::from_text(text).expect("it is a case");
        let expected = [
            "over-release",
            "arrays 1 2 3",
            "calls 2 0",
            "0: freed dirty, call 0 lock@1 dirty@1 unlock@1 free@0",
            "1-2 5: live 2 dirty",
            "3: free",
            "4: live 2 dirty locked counted tagged",
        ];
        assert_eq!(of_case(&case, &mut naive()), expected);
    }

    #[test]
    fn pins_are_told() {
        let text = "folio a order=2 refs=1\nfolio b\npins a[0..3] b\n\
                    unpin_user_pages_dirty_lock make_dirty slice=2..\n";
        let case = Case::from_text(text).expect("it is a case");
        let expected = [
            "valid",
            "arrays 3 4",
            "calls ok",
            "pins 4 2",
            "0: live 3 pincount 2 dirty, call 0 lock@4 dirty@4 unlock@4",
            "1: freed dirty, call 0 lock@1024 dirty@1024 unlock@1024 free@0",
        ];
        assert_eq!(of_case(&case, &mut naive()), expected);
    }

    #[test]
    fn what_is_written_is_read_and_each_way_to_differ_is_told() {
        let parts = |text: &str| text.split(BETWEEN).map(str::to_owned).collect::<Parts>();
        let now = Outcomes::from([
            ("a".to_owned(), parts("valid; 0: live 1")),
            ("b".to_owned(), parts("valid")),
        ]);
        let file = to_file(target("program").expect("there is one"), &now);
        assert_eq!(from_file(&file), now);
        let changed = file.replace("live 1", "live 2").replace("b: valid", "c: valid");
        let differs = Unlike::Differs { written: "0: live 2".into(), now: "0: live 1".into() };
        let expected = [
            ("a".to_owned(), differs),
            ("b".to_owned(), Unlike::Missing),
            ("c".to_owned(), Unlike::NoCase),
        ];
        assert_eq!(unlike(&from_file(&changed), &now), expected);
    }
}
