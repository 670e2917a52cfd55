//! The oracle: two outcomes of one case, and the rules by which they are compared.

mod events;
mod rules;
mod stray_writes;

use std::collections::BTreeMap;

use crate::backend::{Class, Events, Observes, Ran, Skip};
use crate::case::Function;
use crate::outcome::{Event, EventKind, FolioState, Outcome};
use crate::world::World;

/// What a comparison came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Nothing that both observe differs.
    Same,
    /// Something differs.
    Differs(Vec<Difference>),
    /// There is nothing to compare.
    Skipped(Skip),
}

/// One thing that differs between the reference and a backend.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// What it is about.
    pub subject: Subject,
    /// Which field of it.
    pub field: String,
    /// What the reference has.
    pub reference: String,
    /// What the backend has.
    pub backend: String,
}

/// What a difference is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The backend as a whole.
    Backend,
    /// The call with this number.
    Call(usize),
    /// The step that takes references with this number among them.
    Acquire(usize),
    /// The compound page with this number.
    Folio(usize),
    /// The page at this frame, which is no head page.
    Frame(usize),
}

/// The class of a case, by the reference's outcome.
pub fn classify(world: &World, reference: &Outcome) -> Class {
    let stopped = reference.errors.iter().any(Option::is_some);
    if stopped || frees_under_a_holders_lock(world, &reference.events) {
        Class::OverRelease
    } else {
        Class::Valid
    }
}

/// Whether a page was freed that its holder still had locked.
fn frees_under_a_holders_lock(world: &World, events: &[Event]) -> bool {
    let mut frees = events.iter().enumerate().filter(|(_, event)| event.kind == EventKind::Free);
    frees.any(|(number, freed)| {
        let gave_back = |event: &Event| {
            let unlocks = matches!(event.kind, EventKind::Wait | EventKind::Unlock);
            unlocks && event.frame == freed.frame
        };
        let folio = world.layout.folio_at_frame(freed.frame);
        folio.is_some_and(|folio| world.folios[folio].locked)
            && !events[..number].iter().any(gave_back)
    })
}

/// Compares what came of a case on a backend with the reference's outcome, in all that
/// `observed` names.
pub fn compare(
    world: &World,
    reference: &Outcome,
    backend: Ran<'_>,
    observed: Observes,
) -> Comparison {
    let backend = match backend {
        Ran::Outcome(outcome) => outcome,
        Ran::Survived => return Comparison::Same,
        Ran::Skipped(skip) => return Comparison::Skipped(skip),
        Ran::Failed(failure) => {
            return Comparison::Differs(vec![Difference {
                subject: Subject::Backend,
                field: "process".to_owned(),
                reference: "ends".to_owned(),
                backend: failure.to_string(),
            }]);
        }
    };
    // The common case, without looking at anything twice. Equal events in equal order
    // break equal rules.
    let same = reference.folios == backend.folios
        && reference.events == backend.events
        && reference.acquired == backend.acquired
        && (!observed.errors || reference.errors == backend.errors)
        && (!observed.stray_writes || backend.stray_writes.is_empty())
        && backend.imbalances.is_empty();
    if same {
        return Comparison::Same;
    }
    let differences = differences(world, reference, backend, observed);
    if differences.is_empty() { Comparison::Same } else { Comparison::Differs(differences) }
}

fn differences(
    world: &World,
    reference: &Outcome,
    backend: &Outcome,
    observed: Observes,
) -> Vec<Difference> {
    let mut found = Vec::new();
    if observed.errors {
        push_unequal(&mut found, &reference.errors, &backend.errors, "stopped at", Subject::Call);
    }
    push_unequal(&mut found, &reference.acquired, &backend.acquired, "length", Subject::Acquire);
    push_states(&mut found, &reference.folios, &backend.folios);
    let (ours, theirs) = (
        events::seen(world, &reference.events, observed.events),
        events::seen(world, &backend.events, observed.events),
    );
    events::push_unequal(&mut found, world, &ours, &theirs);
    if observed.events == Events::Every {
        rules::push_breaks(&mut found, world, reference, backend);
    }
    if observed.stray_writes {
        stray_writes::push(&mut found, world, backend);
    }
    push_imbalances(&mut found, backend);
    found
}

fn push_imbalances(found: &mut Vec<Difference>, backend: &Outcome) {
    found.extend(backend.imbalances.iter().map(|imbalance| Difference {
        subject: imbalance.folio.map_or(Subject::Backend, Subject::Folio),
        field: imbalance.counter.name().to_owned(),
        reference: imbalance.expected.to_string(),
        backend: imbalance.found.to_string(),
    }));
}

fn push_unequal<T: PartialEq + Show>(
    found: &mut Vec<Difference>,
    reference: &[T],
    backend: &[T],
    field: &str,
    subject: fn(usize) -> Subject,
) {
    for number in 0..reference.len().max(backend.len()) {
        let (ours, theirs) = (reference.get(number), backend.get(number));
        if ours != theirs {
            found.push(Difference {
                subject: subject(number),
                field: field.to_owned(),
                reference: ours.map_or_else(|| MISSING.to_owned(), Show::show),
                backend: theirs.map_or_else(|| MISSING.to_owned(), Show::show),
            });
        }
    }
}

const MISSING: &str = "nothing";

/// A value for people.
trait Show {
    fn show(&self) -> String;
}

impl Show for usize {
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Show for Option<usize> {
    fn show(&self) -> String {
        self.map_or_else(|| "the end".to_owned(), |entry| format!("entry {entry}"))
    }
}

fn push_states(found: &mut Vec<Difference>, reference: &[FolioState], backend: &[FolioState]) {
    for number in 0..reference.len().max(backend.len()) {
        let (ours, theirs) = (reference.get(number), backend.get(number));
        if ours == theirs {
            continue;
        }
        let (ours, theirs) = (fields(ours), fields(theirs));
        let names: Vec<&str> = if ours.keys().eq(theirs.keys()) {
            ours.keys().copied().collect()
        } else {
            vec!["state", "refcount", "dirty"]
        };
        for name in names {
            let value = |fields: &BTreeMap<_, String>| {
                fields.get(name).cloned().unwrap_or_else(|| "-".to_owned())
            };
            let (reference, backend) = (value(&ours), value(&theirs));
            if reference != backend {
                let (subject, field) = (Subject::Folio(number), name.to_owned());
                found.push(Difference { subject, field, reference, backend });
            }
        }
    }
}

/// The fields of a compound page's state for people, by their names.
pub fn fields(state: Option<&FolioState>) -> BTreeMap<&'static str, String> {
    let yes_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    match state {
        None => BTreeMap::from([("state", MISSING.to_owned())]),
        Some(FolioState::Free) => BTreeMap::from([("state", "free".to_owned())]),
        Some(FolioState::Freed { dirty }) => {
            BTreeMap::from([("state", "freed".to_owned()), ("dirty", yes_no(*dirty))])
        }
        Some(FolioState::Live { refcount, dirty, locked, accounting }) => BTreeMap::from([
            ("state", "live".to_owned()),
            ("refcount", refcount.to_string()),
            ("dirty", yes_no(*dirty)),
            ("locked", yes_no(*locked)),
            ("dirty count of its file", accounting.dirty_count.to_string()),
            ("dirty tags of its file", accounting.dirty_tags.to_string()),
        ]),
    }
}

fn subject_at(world: &World, frame: usize) -> Subject {
    match world.layout.folio_at_frame(frame) {
        Some(folio) if world.layout.places[folio].frame == frame => Subject::Folio(folio),
        _ => Subject::Frame(frame),
    }
}

/// Which function the call with this number is of.
pub fn function_of_call(world: &World, call: usize) -> Option<Function> {
    world.calls().nth(call).map(|(_, function)| function)
}
