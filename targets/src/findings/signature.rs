//! What is the same in all cases that show the same bug.

use std::fmt;
use std::path::Path;

use crate::report::{FieldReport, LayoutKind, Report, SubjectReport};

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

/// Fields, and what a backend did: those that tell most of a cause before those that follow
/// from others. All that are not here come last.
const TELLING: [&str; 11] = [
    "process",
    "form",
    "stray write",
    "returned with the lock",
    "lock in call",
    "state",
    "refcount",
    "dirty",
    "locked",
    "stopped at",
    "events",
];

/// The longest name of a backend that a signature has, in bytes: names of files have an end.
const MAX_BACKEND: usize = 64;

impl Signature {
    /// The signature of a report.
    pub fn of(report: &Report) -> Signature {
        let fields = report.subjects.iter().flat_map(|subject| {
            let word = |field| (rank(field), field_word(field, subject), subject.layout);
            subject.fields.iter().map(word)
        });
        // Pages are many, and which comes first is chance: the plainest that shows it counts.
        let most_telling =
            fields.min_by(|one, other| (one.0, one.2, &one.1).cmp(&(other.0, other.2, &other.1)));
        let (_, field, layout) =
            most_telling.unwrap_or((0, "nothing".to_owned(), LayoutKind::NoPage));
        let function = report.call.as_ref().map_or("no-call", |call| call.function.name());
        Signature {
            backend: backend_word(&report.backend),
            function: function.to_owned(),
            field,
            layout: layout.name().to_owned(),
        }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Signature { backend, function, field, layout } = self;
        write!(formatter, "{backend}-{function}-{field}-{layout}")
    }
}

fn rank(field: &FieldReport) -> usize {
    // Without the word that was written to, and without the number of the call.
    let name = field.field.split(',').next().unwrap_or_default();
    let name = name.trim_end_matches(|c: char| c == ' ' || c.is_ascii_digit());
    let known = TELLING.iter().position(|telling| [name, &field.backend].contains(telling));
    known.unwrap_or(TELLING.len())
}

/// Which field differs, and which way.
fn field_word(of: &FieldReport, subject: &SubjectReport) -> String {
    let FieldReport { field, reference, backend, .. } = of;
    match field.as_str() {
        // How it ended or which forms, without the details that follow.
        "process" | "form" => slug(backend.split([':', '\n']).next().unwrap_or_default()),
        // What the backend did wrong, without the number of the call.
        lock if lock.starts_with("lock in call") => slug(backend),
        "events" => format!("events-{}", first_event(reference, backend)),
        // Not freed, as it has references: then these are what is wrong.
        "state" if reference == "freed" && backend == "live" => match refcount(subject) {
            Some(left) if left > 0 => "refcount-high".to_owned(),
            Some(left) if left < 0 => "refcount-low".to_owned(),
            _ => "state-live".to_owned(),
        },
        "state" | "dirty" | "locked" => slug(&format!("{field}-{backend}")),
        "stopped at" => slug(match backend.as_str() {
            "the end" => "does not stop",
            _ if reference == "the end" => "stops",
            _ => field,
        }),
        _ => match (reference.parse::<i64>(), backend.parse::<i64>()) {
            (Ok(ours), Ok(theirs)) if ours < theirs => slug(&format!("{field}-high")),
            (Ok(_), Ok(_)) => slug(&format!("{field}-low")),
            _ => slug(field),
        },
    }
}

/// The refcount that the backend has, where it is not that of the reference.
fn refcount(subject: &SubjectReport) -> Option<i64> {
    let field = subject.fields.iter().find(|field| field.field == "refcount")?;
    field.backend.parse().ok()
}

/// What is wrong with the first event that differs: `no-lock`, `extra-lock`, or
/// `other-lock` where only the refcount or the call does.
fn first_event(reference: &str, backend: &str) -> String {
    let mut ours = events(reference);
    let mut theirs = events(backend);
    let first = loop {
        match (ours.next(), theirs.next()) {
            (Some(one), Some(other)) if one == other => {}
            different => break different,
        }
    };
    match first {
        (Some((our_kind, _)), Some((their_kind, _))) if our_kind == their_kind => {
            format!("other-{our_kind}")
        }
        // What the reference does is left out or comes later, unless it never comes.
        (Some((kind, _)), _) => format!("no-{kind}"),
        (None, Some((kind, _))) => format!("extra-{kind}"),
        (None, None) => "calls".to_owned(),
    }
}

/// The events of a report's field: of each its kind, and the refcount at that moment.
fn events(shown: &str) -> impl Iterator<Item = (&str, &str)> {
    let events = shown.split([',', ';']).filter(|event| *event != "none");
    events.map(|event| {
        let event = event.rsplit(": ").next().unwrap_or(event).trim();
        event.split_once(" at ").unwrap_or((event, ""))
    })
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
    use super::{backend_word, first_event, slug};

    #[test]
    fn the_first_event_that_differs_is_named() {
        let locked = "call 0: lock at 2, dirty at 2, unlock at 2; call 1: free at 0";
        assert_eq!(first_event(locked, "call 0: dirty at 2; call 1: free at 0"), "no-lock");
        assert_eq!(first_event("none", "call 0: lock at 2"), "extra-lock");
        assert_eq!(first_event(locked, "none"), "no-lock");
        assert_eq!(first_event(locked, &locked.replace("dirty at 2", "dirty at 1")), "other-dirty");
        assert_eq!(first_event("call 0: free at 0", "call 1: free at 0"), "calls");
        assert_eq!(first_event("call 0: dirty", "call 0: dirty, free at 0"), "extra-free");
    }

    #[test]
    fn whatever_names_a_backend_makes_a_name_of_a_file() {
        assert_eq!(backend_word("./target/My mine.so"), "my-mine");
        assert_eq!(backend_word("/ä.so"), "backend");
        assert_eq!(backend_word(&"x".repeat(300)).len(), 64);
        assert_eq!(slug("stray write, _refcount"), "stray-write-_refcount");
    }
}
