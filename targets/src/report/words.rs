//! Differences in words.

use put_user_page::flags;

use super::FieldReport;
use crate::oracle::{Difference, Field, PageField, Sides, Subject};
use crate::outcome::{Event, FolioState, Outcome, StateKind};

/// A field that differs, its value before the call, and those of both sides.
pub(super) fn field(difference: &Difference, before: &Outcome) -> FieldReport {
    let (reference, backend) = values(&difference.field);
    let before = match difference.subject {
        Subject::Folio(folio) => {
            before.folios.get(folio).and_then(|state| value_of(state, &difference.field))
        }
        _ => None,
    };
    FieldReport { field: name(&difference.field), before, reference, backend }
}

fn name(field: &Field) -> String {
    match field {
        Field::Process(_) | Field::ProcessOnce(_) => "process",
        Field::Forms(_) => "form",
        Field::StoppedAt(_) => "stopped at",
        Field::Length(_) => "length",
        Field::State(_) => "state",
        Field::Refcount(_) => "refcount",
        Field::Pincount(_) => "pincount",
        Field::Pinned(_) => "maybe pinned",
        Field::PinnedAfter { call, .. } => return format!("maybe pinned after call {call}"),
        Field::Dirty(_) => "dirty",
        Field::Locked(_) => "locked",
        Field::DirtyCount(_) => "dirty count of its file",
        Field::DirtyTags(_) => "dirty tags of its file",
        Field::Events(_) => "events",
        Field::Lock { call, .. } => return format!("lock in call {call}"),
        Field::StrayWrite { written, .. } => return format!("stray write, {written}"),
        Field::Counter { counter, .. } => return counter.to_string(),
    }
    .to_owned()
}

/// What the reference has, and what the backend has.
fn values(field: &Field) -> (String, String) {
    let ends = || "ends".to_owned();
    match field {
        Field::Process(failure) => (ends(), failure.to_string()),
        Field::ProcessOnce(failure) => {
            (ends(), format!("{failure}; not again when the same cases ran one by one"))
        }
        Field::Forms(differ) => {
            ("all forms agree".to_owned(), format!("{}: {}", differ.forms, differ.details))
        }
        Field::StoppedAt(sides) => both(sides, "nothing", |stopped| match stopped {
            None => "the end".to_owned(),
            Some(entry) => format!("entry {entry}"),
        }),
        Field::Length(sides) => both(sides, "nothing", usize::to_string),
        Field::State(sides) => both(sides, "nothing", StateKind::to_string),
        Field::Refcount(sides) | Field::Pincount(sides) => both(sides, "-", i32::to_string),
        Field::PinnedAfter { reference, backend, .. } => (yes_no(*reference), yes_no(*backend)),
        Field::Pinned(sides) | Field::Dirty(sides) | Field::Locked(sides) => {
            both(sides, "-", |yes| yes_no(*yes))
        }
        Field::DirtyCount(sides) | Field::DirtyTags(sides) => both(sides, "-", i64::to_string),
        Field::Events(sides) => both(sides, "none", |events| show_events(events)),
        Field::Lock { broken, .. } => ("kept to the rules".to_owned(), broken.to_string()),
        Field::StrayWrite { written, reference, backend } => {
            (stray(*written, *reference), stray(*written, *backend))
        }
        Field::Counter { reference, backend, .. } => (reference.to_string(), backend.to_string()),
    }
}

fn both<T>(sides: &Sides<T>, missing: &str, show: impl Fn(&T) -> String) -> (String, String) {
    let side = |value: &Option<T>| value.as_ref().map_or_else(|| missing.to_owned(), &show);
    (side(&sides.reference), side(&sides.backend))
}

/// What a page's state has in a field, if it is one of those that states have.
fn value_of(before: &FolioState, field: &Field) -> Option<String> {
    match field {
        Field::State(_) => Some(before.kind().to_string()),
        Field::Refcount(_) => before.refcount().map(|refcount| refcount.to_string()),
        Field::Pincount(_) => before.pincount().map(|pincount| pincount.to_string()),
        Field::Pinned(_) => before.pinned().map(yes_no),
        Field::Dirty(_) => before.dirty().map(yes_no),
        Field::Locked(_) => before.locked().map(yes_no),
        Field::DirtyCount(_) => before.accounting().map(|file| file.dirty_count.to_string()),
        Field::DirtyTags(_) => before.accounting().map(|file| file.dirty_tags.to_string()),
        _ => None,
    }
}

fn yes_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

/// Events in a line: each with the refcount at that moment, calls apart.
fn show_events(events: &[Event]) -> String {
    let calls = events.chunk_by(|one, other| one.call == other.call).map(|of_call| {
        let words = of_call.iter().map(Event::describe);
        format!("call {}: {}", of_call[0].call, words.collect::<Vec<_>>().join(", "))
    });
    calls.collect::<Vec<_>>().join("; ")
}

fn stray(field: PageField, value: u64) -> String {
    match field {
        PageField::Flags => show_flags(value),
        // A 32-bit field, which is signed in the kernel.
        PageField::Mapcount | PageField::Refcount => (value as u32).cast_signed().to_string(),
        _ => format!("{value:#x}"),
    }
}

fn show_flags(word: u64) -> String {
    let names = [(flags::LOCKED, "locked"), (flags::DIRTY, "dirty"), (flags::HEAD, "head")];
    let set = names.iter().filter(|(bit, _)| word & *bit as u64 != 0).map(|(_, name)| *name);
    let set: Vec<&str> = set.collect();
    if set.is_empty() { format!("{word:#x}") } else { format!("{word:#x} ({})", set.join(", ")) }
}
