//! The oracle: two outcomes of one case, and the rules by which they are compared.

mod difference;
mod events;
mod rules;
mod stray_writes;

pub use difference::{Difference, Field, LockRule, PageField, Sides, Subject};

use put_user_page_case::Function;
use put_user_page_case::world::World;

use crate::backend::{Class, Events, Observes, Ran, Skip};
use crate::outcome::{Counter, Event, EventKind, FolioState, Imbalance, Outcome, Pinned};

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

/// The class of a case, by the reference's outcome.
pub fn classify(world: &World, reference: &Outcome) -> Class {
    let stopped = reference.errors.iter().any(Option::is_some);
    let took_pins =
        |state: &FolioState| matches!(state, FolioState::Freed { pincount, .. } if *pincount != 0);
    if stopped
        || frees_under_a_holders_lock(world, &reference.events)
        || reference.folios.iter().any(took_pins)
    {
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
            let (subject, field) = (Subject::Backend, Field::Process(failure));
            return Comparison::Differs(vec![Difference { subject, field }]);
        }
    };
    // The common case, without looking at anything twice. Equal events in equal order
    // break equal rules.
    let same = same_folios(reference, &backend, observed.events)
        && (observed.events == Events::None || reference.events == backend.events)
        && reference.acquired == backend.acquired
        && reference.pinned == backend.pinned
        && (!observed.node_pins || reference.node_pins == backend.node_pins)
        && (!observed.errors || reference.errors == backend.errors)
        && (!observed.stray_writes || backend.stray_writes.is_empty())
        && backend.imbalances.is_empty();
    if same {
        return Comparison::Same;
    }
    let differences = differences(world, reference, &backend, observed);
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
        let (ours, theirs) = (&reference.errors, &backend.errors);
        push_unequal(&mut found, ours, theirs, Subject::Call, Field::StoppedAt);
    }
    let (ours, theirs) = (&reference.acquired, &backend.acquired);
    push_unequal(&mut found, ours, theirs, Subject::Acquire, Field::Length);
    for number in 0..reference.folios.len().max(backend.folios.len()) {
        let of = |outcome: &Outcome| {
            outcome.folios.get(number).map(|state| seen_of_folio(*state, observed.events))
        };
        push_folio(&mut found, number, of(reference).as_ref(), of(backend).as_ref());
    }
    push_pinned(&mut found, &reference.pinned, &backend.pinned);
    if observed.node_pins {
        let (ours, theirs) = (reference.node_pins, backend.node_pins);
        push_counter(&mut found, Counter::AcquiredPins, ours.acquired, theirs.acquired);
        push_counter(&mut found, Counter::ReleasedPins, ours.released, theirs.released);
    }
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
    found.extend(backend.imbalances.iter().map(|&imbalance| {
        let Imbalance { counter, folio, expected, found } = imbalance;
        let subject = folio.map_or(Subject::Backend, Subject::Folio);
        let field = Field::Counter { counter, reference: expected, backend: found };
        Difference { subject, field }
    }));
    found
}

fn same_folios(reference: &Outcome, backend: &Outcome, observed: Events) -> bool {
    let (ours, theirs) = (&reference.folios, &backend.folios);
    let seen = |state: &FolioState| seen_of_folio(*state, observed);
    ours == theirs || observed == Events::None && ours.iter().map(seen).eq(theirs.iter().map(seen))
}

/// A state as one sees it who observes no more than these events.
fn seen_of_folio(state: FolioState, observed: Events) -> FolioState {
    match state {
        FolioState::Freed { pincount, .. } if observed == Events::None => {
            FolioState::Freed { dirty: false, pincount }
        }
        state => state,
    }
}

fn push_unequal<T: PartialEq + Copy>(
    found: &mut Vec<Difference>,
    reference: &[T],
    backend: &[T],
    subject: fn(usize) -> Subject,
    field: fn(Sides<T>) -> Field,
) {
    for number in 0..reference.len().max(backend.len()) {
        let (ours, theirs) = (reference.get(number).copied(), backend.get(number).copied());
        let sides = Sides::unequal(ours, theirs);
        let difference = |sides| Difference { subject: subject(number), field: field(sides) };
        found.extend(sides.map(difference));
    }
}

/// A page that is in two kinds of state differs in what both kinds have too.
fn push_folio(
    found: &mut Vec<Difference>,
    number: usize,
    reference: Option<&FolioState>,
    backend: Option<&FolioState>,
) {
    fn unequal<T: PartialEq>(
        (ours, theirs): (Option<&FolioState>, Option<&FolioState>),
        value: impl Fn(&FolioState) -> Option<T>,
        field: fn(Sides<T>) -> Field,
    ) -> Option<Field> {
        Sides::unequal(ours.and_then(&value), theirs.and_then(&value)).map(field)
    }
    let states = (reference, backend);
    let count = |state: &FolioState| state.accounting().map(|file| file.dirty_count);
    let tags = |state: &FolioState| state.accounting().map(|file| file.dirty_tags);
    let dirty = unequal(states, FolioState::dirty, Field::Dirty);
    let refcount = unequal(states, FolioState::refcount, Field::Refcount);
    let pincount = unequal(states, FolioState::pincount, Field::Pincount);
    let fields = match unequal(states, |state| Some(state.kind()), Field::State) {
        None => [
            dirty,
            unequal(states, count, Field::DirtyCount),
            unequal(states, tags, Field::DirtyTags),
            unequal(states, FolioState::locked, Field::Locked),
            refcount,
            pincount,
            unequal(states, FolioState::pinned, Field::Pinned),
        ],
        state => [state, refcount, dirty, pincount, None, None, None],
    };
    let subject = Subject::Folio(number);
    found.extend(fields.into_iter().flatten().map(|field| Difference { subject, field }));
}

/// Both lists are in the order of the calls, and of the compound pages in each.
fn push_pinned(found: &mut Vec<Difference>, reference: &[Pinned], backend: &[Pinned]) {
    let difference = |pinned: &Pinned, reference: bool| Difference {
        subject: Subject::Folio(pinned.folio),
        field: Field::PinnedAfter { call: pinned.call, reference, backend: !reference },
    };
    let lacks = |of: &[Pinned], pinned: &Pinned| of.binary_search(pinned).is_err();
    let ours = reference.iter().filter(|pinned| lacks(backend, pinned));
    let theirs = backend.iter().filter(|pinned| lacks(reference, pinned));
    found.extend(ours.map(|pinned| difference(pinned, true)));
    found.extend(theirs.map(|pinned| difference(pinned, false)));
}

fn push_counter(found: &mut Vec<Difference>, counter: Counter, reference: i64, backend: i64) {
    if reference != backend {
        let field = Field::Counter { counter, reference, backend };
        found.push(Difference { subject: Subject::Backend, field });
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
