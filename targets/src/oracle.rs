//! The oracle: two outcomes of one case, and the rules by which they are compared.

use std::collections::BTreeMap;

use put_user_page::flags;

use crate::backend::{Class, Failure, Observes};
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

/// Compares a backend's outcome with the reference's, in all that `observed` names.
pub fn compare(
    world: &World,
    reference: &Outcome,
    backend: Result<&Outcome, Failure>,
    observed: Observes,
) -> Comparison {
    let backend = match backend {
        Ok(backend) => backend,
        Err(failure) => {
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
        && (!observed.stray_writes || backend.stray_writes.is_empty());
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
    push_events(&mut found, world, &reference.events, &backend.events);
    push_rule_breaks(&mut found, world, reference, backend);
    if observed.stray_writes {
        push_stray_writes(&mut found, world, backend);
    }
    found
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

/// Events of one page are compared in their order, those of different pages are not.
fn push_events(found: &mut Vec<Difference>, world: &World, reference: &[Event], backend: &[Event]) {
    let (ours, theirs) = (by_frame(reference), by_frame(backend));
    let mut frames: Vec<usize> = ours.keys().chain(theirs.keys()).copied().collect();
    frames.sort_unstable();
    frames.dedup();
    for frame in frames {
        let (ours, theirs) = (ours.get(&frame), theirs.get(&frame));
        if ours != theirs {
            found.push(Difference {
                subject: subject_at(world, frame),
                field: "events".to_owned(),
                reference: show_events(ours),
                backend: show_events(theirs),
            });
        }
    }
}

fn by_frame(events: &[Event]) -> BTreeMap<usize, Vec<Event>> {
    let mut map: BTreeMap<usize, Vec<Event>> = BTreeMap::new();
    for event in events {
        map.entry(event.frame).or_default().push(*event);
    }
    map
}

/// Events in a line: each with the refcount at that moment, calls apart.
fn show_events(events: Option<&Vec<Event>>) -> String {
    let Some(events) = events else { return "none".to_owned() };
    let calls = events.chunk_by(|one, other| one.call == other.call).map(|of_call| {
        let words =
            of_call.iter().map(|event| format!("{} at {}", event.kind.name(), event.refcount));
        format!("call {}: {}", of_call[0].call, words.collect::<Vec<_>>().join(", "))
    });
    calls.collect::<Vec<_>>().join("; ")
}

/// What a call must never do, seen in its events alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RuleBreak {
    SecondLock { call: usize, frame: usize },
    LockKept { call: usize, frame: usize },
    FreedLocked { call: usize, frame: usize },
}

impl RuleBreak {
    fn show(self) -> (usize, usize, &'static str) {
        match self {
            RuleBreak::SecondLock { call, frame } => (call, frame, "locked while it held another"),
            RuleBreak::LockKept { call, frame } => (call, frame, "returned with the lock"),
            RuleBreak::FreedLocked { call, frame } => (call, frame, "freed under its lock"),
        }
    }
}

fn rule_breaks<'a>(
    world: &'a World,
    outcome: &'a Outcome,
) -> impl Iterator<Item = RuleBreak> + use<'a> {
    let mut breaks = Vec::new();
    // Locks of holders, then those that calls hold.
    let mut holders: Vec<usize> = world
        .layout
        .places
        .iter()
        .zip(&world.folios)
        .filter(|(_, folio)| folio.locked)
        .map(|(place, _)| place.frame)
        .collect();
    for of_call in outcome.events.chunk_by(|one, other| one.call == other.call) {
        let mut held: Vec<usize> = Vec::new();
        for &Event { frame, kind, call, .. } in of_call {
            match kind {
                EventKind::Wait => holders.retain(|&holder| holder != frame),
                EventKind::Lock => {
                    if !held.is_empty() {
                        breaks.push(RuleBreak::SecondLock { call, frame });
                    }
                    held.push(frame);
                }
                EventKind::Unlock => {
                    held.retain(|&lock| lock != frame);
                    holders.retain(|&holder| holder != frame);
                }
                EventKind::Free if held.contains(&frame) || holders.contains(&frame) => {
                    breaks.push(RuleBreak::FreedLocked { call, frame });
                }
                EventKind::Dirty | EventKind::Free => {}
            }
        }
        let call = of_call[0].call;
        breaks.extend(held.into_iter().map(|frame| RuleBreak::LockKept { call, frame }));
    }
    breaks.into_iter()
}

fn push_rule_breaks(
    found: &mut Vec<Difference>,
    world: &World,
    reference: &Outcome,
    backend: &Outcome,
) {
    let ours: Vec<RuleBreak> = rule_breaks(world, reference).collect();
    for rule_break in rule_breaks(world, backend).filter(|broken| !ours.contains(broken)) {
        let (call, frame, what) = rule_break.show();
        found.push(Difference {
            subject: subject_at(world, frame),
            field: format!("lock in call {call}"),
            reference: "kept to the rules".to_owned(),
            backend: what.to_owned(),
        });
    }
}

fn push_stray_writes(found: &mut Vec<Difference>, world: &World, backend: &Outcome) {
    for write in &backend.stray_writes {
        for (name, show, low, bits) in parts_of_word(write.word) {
            let part = |word: u64| (word >> low) & (u64::MAX >> (64 - bits));
            let (expected, changed) = (part(write.expected), part(write.found));
            if expected != changed {
                found.push(Difference {
                    subject: subject_at(world, write.frame),
                    field: format!("stray write, {name}"),
                    reference: show(expected),
                    backend: show(changed),
                });
            }
        }
    }
}

/// A field of `struct page` inside a word: its name, how to show it, its lowest bit and how
/// many it has.
type Part = (&'static str, fn(u64) -> String, u32, u32);

/// The fields that lie in one of the eight words of `struct page`.
fn parts_of_word(word: usize) -> &'static [Part] {
    match word {
        0 => &[("flags", show_flags, 0, 64)],
        1 => &[("compound_head", show_hex, 0, 64)],
        2 => &[("compound_order and mapcount", show_hex, 0, 64)],
        3 => &[("mapping", show_hex, 0, 64)],
        4 => &[("index", show_hex, 0, 64)],
        5 => &[("private", show_hex, 0, 64)],
        6 => &[("_mapcount", show_count, 0, 32), ("_refcount", show_count, 32, 32)],
        _ => &[("memcg_data", show_hex, 0, 64)],
    }
}

fn show_hex(word: u64) -> String {
    format!("{word:#x}")
}

fn show_count(half: u64) -> String {
    // A 32-bit field, which is signed in the kernel.
    (half as u32).cast_signed().to_string()
}

fn show_flags(word: u64) -> String {
    let names = [(flags::LOCKED, "locked"), (flags::DIRTY, "dirty"), (flags::HEAD, "head")];
    let set = names.iter().filter(|(bit, _)| word & *bit as u64 != 0).map(|(_, name)| *name);
    let set: Vec<&str> = set.collect();
    if set.is_empty() { show_hex(word) } else { format!("{word:#x} ({})", set.join(", ")) }
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
