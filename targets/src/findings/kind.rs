//! The kinds of differences: coarser than signatures, and few enough to be told one by one.

use crate::backend::HowFailed;
use crate::oracle::{Field, LockRule, Sides};
use crate::outcome::{Counter, StateKind};

/// What kind of difference a divergence is, whatever the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The backend ended.
    Crashed,
    /// The backend did not end.
    Hung,
    /// Two forms of the case disagree.
    Forms,
    /// A field changed that no release may change.
    StrayWrite,
    /// A call returned with a page lock.
    LockKept,
    /// A call locked a page while it held another.
    SecondLock,
    /// A call freed a page under its lock.
    FreedLocked,
    /// A page has more references than it should have.
    RefcountHigh,
    /// A page has fewer references than it should have.
    RefcountLow,
    /// A page has another pincount than it should have, or may be pinned and should not be, or
    /// the reverse.
    Pins,
    /// A page without references was not freed.
    NotFreed,
    /// A page was freed that should not have been.
    Freed,
    /// A page is dirty that should be clean.
    Dirty,
    /// A page is clean that should be dirty.
    Clean,
    /// Whether a page is locked differs.
    Locked,
    /// Which entry stopped a call differs.
    StoppedAt,
    /// The events of a page differ.
    Events,
    /// A length or a counter differs.
    Count,
}

impl Kind {
    /// The kind of one difference. The refcount is the backend's, where that differs too.
    pub(super) fn of_field(field: &Field, refcount: Option<i32>) -> Kind {
        match field {
            Field::Process(failure) | Field::ProcessOnce(failure) => match failure.how {
                HowFailed::Crashed(_) => Kind::Crashed,
                HowFailed::Hung(_) => Kind::Hung,
            },
            Field::Forms(_) => Kind::Forms,
            Field::StrayWrite { .. } => Kind::StrayWrite,
            Field::Lock { broken: LockRule::LockKept, .. }
            | Field::Counter { counter: Counter::LocksKept, .. } => Kind::LockKept,
            Field::Lock { broken: LockRule::SecondLock, .. } => Kind::SecondLock,
            Field::Lock { broken: LockRule::FreedLocked, .. } => Kind::FreedLocked,
            Field::State(sides) => of_state(sides, refcount),
            Field::Refcount(Sides { reference, backend }) if backend > reference => {
                Kind::RefcountHigh
            }
            Field::Refcount(_) => Kind::RefcountLow,
            Field::Pincount(_) | Field::Pinned(_) | Field::PinnedAfter { .. } => Kind::Pins,
            Field::Dirty(Sides { backend: Some(true), .. }) => Kind::Dirty,
            Field::Dirty(_) => Kind::Clean,
            Field::Locked(_) => Kind::Locked,
            Field::StoppedAt(_) => Kind::StoppedAt,
            Field::Events(_) => Kind::Events,
            Field::Length(_)
            | Field::DirtyCount(_)
            | Field::DirtyTags(_)
            | Field::Counter { .. } => Kind::Count,
        }
    }
}

/// Not freed, as it has references: then these are what is wrong.
fn of_state(sides: &Sides<StateKind>, refcount: Option<i32>) -> Kind {
    match (sides.reference, sides.backend, refcount) {
        (Some(StateKind::Freed), Some(StateKind::Live), Some(1..)) => Kind::RefcountHigh,
        (Some(StateKind::Freed), Some(StateKind::Live), Some(..=-1)) => Kind::RefcountLow,
        (_, Some(StateKind::Live), _) => Kind::NotFreed,
        _ => Kind::Freed,
    }
}
