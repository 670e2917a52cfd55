//! What can differ between the reference and a backend, with the values of both sides. How
//! it is told to people is the report's business.

use serde::Serialize;
use strum::Display;

use crate::backend::Failure;
use crate::forms::FormsDiffer;
use crate::outcome::{Counter, Event, StateKind};

/// One thing that differs between the reference and a backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is about.
    pub subject: Subject,
    /// Which field of it, and its values.
    #[serde(flatten)]
    pub field: Field,
}

impl Difference {
    /// What a kernel that did not survive logged.
    pub(crate) fn log(&self) -> Option<&str> {
        match &self.field {
            Field::Process(failure) | Field::ProcessOnce(failure) => Some(&failure.log),
            _ => None,
        }
    }
}

/// What a difference is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
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

/// A value of the reference and of the backend; none where a side has no such value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sides<T> {
    /// What the reference has.
    pub reference: Option<T>,
    /// What the backend has.
    pub backend: Option<T>,
}

impl<T: PartialEq> Sides<T> {
    /// Both sides, if they differ.
    pub(super) fn unequal(reference: Option<T>, backend: Option<T>) -> Option<Sides<T>> {
        (reference != backend).then_some(Sides { reference, backend })
    }
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "field", rename_all = "snake_case")]
pub enum Field {
    /// The backend did not survive the case.
    Process(Failure),
    /// The backend did not survive some cases, and does when they run one by one.
    ProcessOnce(Failure),
    /// Two forms of the case disagree.
    Forms(FormsDiffer),
    /// The entry that stopped a call; `Some(None)` where it went to the end.
    StoppedAt(Sides<Option<usize>>),
    /// The length of an array after a step that takes references.
    Length(Sides<usize>),
    /// What became of a compound page.
    State(Sides<StateKind>),
    /// References of a compound page in use.
    Refcount(Sides<i32>),
    /// Pins of a compound page in use that are counted apart.
    Pincount(Sides<i32>),
    /// Whether a compound page in use may be pinned.
    Pinned(Sides<bool>),
    /// Whether a compound page might be pinned after a call.
    PinnedAfter {
        /// The number of the call.
        call: usize,
        /// Whether it is in the reference.
        reference: bool,
        /// Whether it is in the backend.
        backend: bool,
    },
    /// Whether a compound page is dirty, or was when it was freed.
    Dirty(Sides<bool>),
    /// Whether somebody holds the page lock.
    Locked(Sides<bool>),
    /// How often the page's file counts it as dirty.
    DirtyCount(Sides<i64>),
    /// How often the page's file tags it as dirty.
    DirtyTags(Sides<i64>),
    /// The events of a page, in their order; none where there are none.
    Events(Sides<Vec<Event>>),
    /// A rule about page locks was broken.
    Lock {
        /// The number of the call.
        call: usize,
        /// The rule.
        broken: LockRule,
    },
    /// A field of `struct page` changed that no release may change.
    StrayWrite {
        /// Which one.
        written: PageField,
        /// What it should be.
        reference: u64,
        /// What it is.
        backend: u64,
    },
    /// A counter of the kernel is not what it should be.
    Counter {
        /// Which one.
        counter: Counter,
        /// What it should be.
        reference: i64,
        /// What it is.
        backend: i64,
    },
}

/// What a call must never do, seen in its events alone. Its `Display` is what was done against
/// it, in a few words.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LockRule {
    /// It locks a page while it holds the lock of another.
    #[strum(serialize = "locked while it held another")]
    SecondLock,
    /// It returns with a page lock.
    #[strum(serialize = "returned with the lock")]
    LockKept,
    /// It frees a locked page.
    #[strum(serialize = "freed under its lock")]
    FreedLocked,
}

/// A field of `struct page`, as far as stray writes are told apart. Its `Display` is its name in
/// the kernel.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PageField {
    /// `flags`.
    Flags,
    /// `compound_head`, of a head page `lru.next`.
    CompoundHead,
    /// The third word: of a first tail page its order and mapcount.
    #[strum(serialize = "compound_order and mapcount")]
    OrderAndMapcount,
    /// `mapping`.
    Mapping,
    /// `index`.
    Index,
    /// `private`.
    Private,
    /// `_mapcount`, 32 bits.
    #[strum(serialize = "_mapcount")]
    Mapcount,
    /// `_refcount`, 32 bits.
    #[strum(serialize = "_refcount")]
    Refcount,
    /// `memcg_data`.
    MemcgData,
}
