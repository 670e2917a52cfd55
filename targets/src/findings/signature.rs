//! What is the same in all cases that show the same bug.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::kind::Kind;
use super::layout_kind::{LayoutKind, LayoutKinds};
use crate::backend::Failure;
use crate::divergence::Divergence;
use crate::oracle::{Difference, Field, LockRule, PageField, Sides, Subject};
use crate::outcome::{Counter, Event, StateKind};

/// What diverged, without what depends on the case: the same bug has the same signature,
/// as far as one can tell from outside.
///
/// Its `Display` is made of `a` to `z`, digits, `_` and `-`, so that it can name a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Signature {
    /// The backend; of a shared object, the file's name.
    pub backend: String,
    /// The function of the first call that shows it; `no-call` if it takes none.
    pub function: String,
    /// What differs first, in the order of what tells most.
    pub field: String,
    /// The kind of layout that it is in.
    pub layout: String,
}

/// The longest name of a backend that a signature has, in bytes: names of files have an end.
const MAX_BACKEND: usize = 64;

impl Signature {
    /// The signature of a divergence.
    pub fn of(divergence: &Divergence) -> Signature {
        let (layout, field) = most_telling(divergence)
            .map_or((LayoutKind::NoPage, "nothing".to_owned()), |told| (told.layout, told.word));
        let function = divergence.function().map_or("no-call", |function| function.name());
        Signature {
            backend: backend_word(&divergence.backend),
            function: function.to_owned(),
            field,
            layout: layout.to_string(),
        }
    }
}

/// The kind of a divergence: that of the difference which its signature names.
///
/// # Panics
///
/// The divergence has no differences.
pub fn kind_of(divergence: &Divergence) -> Kind {
    most_telling(divergence).expect("what diverges differs in something").kind
}

/// A difference, as signatures tell it; the least tells most of the cause.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    rank: u8,
    /// Pages are many, and which comes first is chance: the plainest that shows it counts.
    layout: LayoutKind,
    word: String,
    kind: Kind,
}

/// Which difference tells most; none if there is none.
fn most_telling(divergence: &Divergence) -> Option<Told> {
    let Divergence { call, differences, world, .. } = divergence;
    let step = call.map_or(world.steps.len(), |call| call.step);
    let (layouts, refcounts) = (LayoutKinds::new(world, step), refcounts(differences));
    let told = differences.iter().map(|Difference { subject, field }| {
        let kind = Kind::of_field(field, refcounts.get(subject).copied());
        let (rank, layout) = (rank(field), layouts.of(*subject));
        Told { rank, layout, word: word(field, kind), kind }
    });
    told.min()
}

impl fmt::Display for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Signature { backend, function, field, layout } = self;
        write!(formatter, "{backend}-{function}-{field}-{layout}")
    }
}

/// How much a field tells of a cause: less is more, for other fields follow from it.
fn rank(field: &Field) -> u8 {
    match field {
        Field::Process(_) | Field::ProcessOnce(_) => 0,
        Field::Forms(_) => 1,
        Field::StrayWrite { .. } => 2,
        Field::Lock { broken: LockRule::LockKept, .. }
        | Field::Counter { counter: Counter::LocksKept, .. } => 3,
        Field::Lock { .. } => 4,
        Field::State(_) => 5,
        Field::Refcount(_) | Field::Pincount(_) => 6,
        Field::Dirty(_) => 7,
        Field::Locked(_) | Field::Pinned(_) | Field::PinnedAfter { .. } => 8,
        Field::StoppedAt(_) => 9,
        Field::Events(_) => 10,
        Field::Length(_) | Field::DirtyCount(_) | Field::DirtyTags(_) | Field::Counter { .. } => 11,
    }
}

/// Which field differs, and which way; it is of this kind.
fn word(field: &Field, kind: Kind) -> String {
    match field {
        Field::Process(_) | Field::ProcessOnce(_) if kind == Kind::Hung => "hung".to_owned(),
        Field::Process(failure) | Field::ProcessOnce(failure) => crash_word(failure),
        Field::Forms(differ) => slug(&differ.forms.to_string()),
        Field::StrayWrite { written, reference, backend } => {
            stray_write_word(*written, *reference, *backend)
        }
        Field::Lock { broken, .. } => slug(&broken.to_string()),
        Field::State(sides) => state_word(sides, kind),
        Field::Refcount(sides) => way("refcount", sides),
        Field::Pincount(sides) => way("pincount", sides),
        Field::Pinned(sides) => yes_or_no("maybe-pinned", sides),
        Field::PinnedAfter { backend, .. } => {
            yes_or_no("maybe-pinned", &Sides { reference: None, backend: Some(*backend) })
        }
        Field::Dirty(sides) => yes_or_no("dirty", sides),
        Field::Locked(sides) => yes_or_no("locked", sides),
        Field::DirtyCount(sides) => way("dirty-count-of-its-file", sides),
        Field::DirtyTags(sides) => way("dirty-tags-of-its-file", sides),
        Field::StoppedAt(Sides { reference, backend }) => match (reference, backend) {
            (_, Some(None)) => "does-not-stop",
            (Some(None), _) => "stops",
            _ => "stopped-at",
        }
        .to_owned(),
        Field::Length(sides) => way("length", sides),
        Field::Events(sides) => format!("events-{}", first_event(sides)),
        Field::Counter { counter, reference, backend } => {
            let sides = Sides { reference: Some(*reference), backend: Some(*backend) };
            way(&slug(&counter.to_string()), &sides)
        }
    }
}

/// That it crashed, and in which function of a kernel.
fn crash_word(failure: &Failure) -> String {
    match &failure.function {
        Some(function) => format!("crashed-in-{}", slug(function)),
        None => "crashed".to_owned(),
    }
}

/// A field, and whether the backend has more or less of it, where both have some.
fn way<T: PartialOrd>(field: &str, sides: &Sides<T>) -> String {
    match (&sides.reference, &sides.backend) {
        (Some(ours), Some(theirs)) if ours < theirs => format!("{field}-high"),
        (Some(_), Some(_)) => format!("{field}-low"),
        _ => field.to_owned(),
    }
}

fn yes_or_no(field: &str, sides: &Sides<bool>) -> String {
    match sides.backend {
        Some(true) => format!("{field}-yes"),
        Some(false) => format!("{field}-no"),
        None => field.to_owned(),
    }
}

fn state_word(sides: &Sides<StateKind>, kind: Kind) -> String {
    match (kind, sides.backend) {
        (Kind::RefcountHigh, _) => "refcount-high".to_owned(),
        (Kind::RefcountLow, _) => "refcount-low".to_owned(),
        (_, Some(state)) => format!("state-{state}"),
        (_, None) => "state-nothing".to_owned(),
    }
}

/// The refcounts that the backend has, where they are not those of the reference.
fn refcounts(differences: &[Difference]) -> BTreeMap<Subject, i32> {
    let refcounts = differences.iter().filter_map(|Difference { subject, field }| match field {
        Field::Refcount(sides) => Some((*subject, sides.backend?)),
        _ => None,
    });
    refcounts.collect()
}

fn stray_write_word(written: PageField, reference: u64, backend: u64) -> String {
    // A 32-bit field, which is signed in the kernel.
    let count = |half: u64| Some((half as u32).cast_signed());
    let sides = Sides { reference: count(reference), backend: count(backend) };
    let field = slug(&format!("stray write, {written}"));
    match written {
        PageField::Mapcount | PageField::Refcount => way(&field, &sides),
        _ => field,
    }
}

/// What is wrong with the first event that differs: `no-lock`, `extra-lock`, or
/// `other-lock` where only the refcount does; `calls` where only the call does.
fn first_event(sides: &Sides<Vec<Event>>) -> String {
    let side = |events: &Option<Vec<Event>>| {
        let events = events.iter().flatten();
        events.map(|event| (event.kind, event.refcount)).collect::<Vec<_>>()
    };
    let (ours, theirs) = (side(&sides.reference), side(&sides.backend));
    let same = ours.iter().zip(&theirs).take_while(|(one, other)| one == other).count();
    match (ours.get(same), theirs.get(same)) {
        (Some((our_kind, _)), Some((their_kind, _))) if our_kind == their_kind => {
            format!("other-{our_kind}")
        }
        // What the reference does is left out or comes later, unless it never comes.
        (Some((kind, _)), _) => format!("no-{kind}"),
        (None, Some((kind, _))) => format!("extra-{kind}"),
        (None, None) => "calls".to_owned(),
    }
}

/// The name of a backend: of a shared object that of its file.
fn backend_word(backend: &str) -> String {
    let stem = Path::new(backend).file_stem().unwrap_or_default().to_string_lossy();
    let mut word = slug(&stem);
    word.truncate(MAX_BACKEND);
    if word.is_empty() { "backend".to_owned() } else { word }
}

/// The text in lower case, with one `-` for whatever cannot be in the name of a file
/// everywhere.
fn slug(text: &str) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !kept(c)).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{backend_word, crash_word, first_event, slug};
    use crate::backend::{Failure, HowFailed};
    use crate::oracle::Sides;
    use crate::outcome::{Event, EventKind};

    fn events(of: &[(usize, EventKind, i32)]) -> Option<Vec<Event>> {
        let events =
            of.iter().map(|&(call, kind, refcount)| Event { frame: 0, kind, refcount, call });
        (!of.is_empty()).then(|| events.collect())
    }

    #[track_caller]
    fn first_is(word: &str, ours: &[(usize, EventKind, i32)], theirs: &[(usize, EventKind, i32)]) {
        let sides = Sides { reference: events(ours), backend: events(theirs) };
        assert_eq!(first_event(&sides), word);
    }

    #[test]
    fn the_first_event_that_differs_is_named() {
        use EventKind::{Dirty, Free, Lock, Unlock};
        let locked = [(0, Lock, 2), (0, Dirty, 2), (0, Unlock, 2), (1, Free, 0)];
        first_is("no-lock", &locked, &[(0, Dirty, 2), (1, Free, 0)]);
        first_is("extra-lock", &[], &[(0, Lock, 2)]);
        first_is("no-lock", &locked, &[]);
        let marked_late = [(0, Lock, 2), (0, Dirty, 1), (0, Unlock, 2), (1, Free, 0)];
        first_is("other-dirty", &locked, &marked_late);
        first_is("calls", &[(0, Free, 0)], &[(1, Free, 0)]);
        first_is("extra-free", &[(0, Dirty, 2)], &[(0, Dirty, 2), (0, Free, 0)]);
    }

    #[test]
    fn crashes_of_a_kernel_are_told_by_their_function() {
        let mut failure =
            Failure::from(HowFailed::Crashed("kernel BUG at mm/gup.c:31!".to_owned()));
        assert_eq!(crash_word(&failure), "crashed");
        failure.function = Some("gup_put_folio".to_owned());
        assert_eq!(crash_word(&failure), "crashed-in-gup_put_folio");
    }

    #[test]
    fn whatever_names_a_backend_makes_a_name_of_a_file() {
        assert_eq!(backend_word("./target/My mine.so"), "my-mine");
        assert_eq!(backend_word("/ä.so"), "backend");
        assert_eq!(backend_word(&"x".repeat(300)).len(), 64);
        assert_eq!(slug("stray write, _refcount"), "stray-write-_refcount");
    }
}
