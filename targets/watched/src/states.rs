//! Named states: situations that a corpus must hold.
//!
//! Who watches a case from outside sees the branches that it takes, and fast release code has
//! no branch for "an error in the middle of a run". So each state has a function of its own,
//! which is called when a case has reached it. The list is data; docs/states.md is the same
//! list for people.

use std::sync::atomic::{AtomicU64, Ordering};

use put_user_page_record::Function;

/// A named state.
#[derive(Debug)]
pub struct State {
    /// Its name.
    pub name: &'static str,
    /// When a case has reached it.
    pub what: &'static str,
    /// Which calls can reach it.
    pub needs: Needs,
    branch: fn(),
}

/// Which functions a case must call to reach a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Any one.
    Any,
    /// One that marks pages dirty.
    Dirty,
    /// The one that locks pages.
    Lock,
    /// One that does not lock pages.
    NoLock,
    /// All four of 2018.
    All,
    /// One that releases pins.
    Unpin,
    /// The one that releases a range.
    Range,
}

impl Needs {
    /// Whether calls of these functions can reach the state.
    pub fn met_by(self, functions: &[Function]) -> bool {
        match self {
            Needs::Any => !functions.is_empty(),
            Needs::Dirty => functions.iter().any(|function| function.marks_dirty()),
            Needs::Lock => functions.iter().any(|function| function.locks()),
            Needs::NoLock => functions.iter().any(|function| !function.locks()),
            Needs::Unpin => functions.iter().any(|function| function.unpins()),
            Needs::Range => functions.iter().any(|function| function.takes_range()),
            Needs::All => Function::PUT.iter().all(|function| functions.contains(function)),
        }
    }
}

/// A set of named states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateSet(u128);

impl StateSet {
    /// Adds a state of the list if something is so.
    pub fn insert_if(&mut self, id: Id, so: bool) {
        self.0 |= u128::from(so) << id as u32;
    }

    /// The states of both sets.
    pub fn union(self, other: StateSet) -> StateSet {
        StateSet(self.0 | other.0)
    }

    /// Whether the state with this name is in the set.
    pub fn contains(self, name: &str) -> bool {
        self.iter().any(|state| state.name == name)
    }

    /// The states in the order of the list.
    pub fn iter(self) -> impl Iterator<Item = &'static State> {
        (0..).zip(&STATES).filter(move |(number, _)| self.0 >> number & 1 != 0).map(|(_, s)| s)
    }

    /// Takes the branch of each state, to be seen by who watches branches.
    pub fn take_branches(self) {
        let mut left = self.0;
        while left != 0 {
            (STATES[left.trailing_zeros() as usize].branch)();
            left &= left - 1;
        }
    }
}

static TIMES_REACHED: [AtomicU64; STATES.len()] = [const { AtomicU64::new(0) }; STATES.len()];

/// A function for each state. What it does must differ between states, or they would be
/// made one.
#[inline(never)]
fn reached<const NUMBER: usize>() {
    TIMES_REACHED[NUMBER].fetch_add(1, Ordering::Relaxed);
}

macro_rules! states {
    ($($id:ident, $name:literal, $needs:ident, $what:literal;)*) => {
        /// The states' places in [`STATES`].
        #[derive(Clone, Copy, Debug)]
        pub enum Id {
            $(#[doc = $what] $id,)*
        }

        /// All named states.
        pub static STATES: [State; [$($name),*].len()] = [$(State {
            name: $name,
            what: $what,
            needs: Needs::$needs,
            branch: reached::<{ Id::$id as usize }>,
        },)*];
    };
}

states! {
    EmptyArray, "empty-array", Any, "a call on no entries";
    AThenBThenA, "a-b-a", Any, "entries of one compound page on both sides of another's";
    OrdersMixed, "orders-mixed", Any, "two runs side by side are of compound pages of different orders";
    HeadsAndTails, "heads-and-tails", Any, "a run names both a head page and a tail page";
    TailsOnly, "tails-only", Any, "a run names tail pages and no head page";
    StartsInMiddle, "starts-in-the-middle", Any, "a run of several entries starts at a tail page";
    AcrossTheEnd, "across-the-end", Any, "an entry is the last page of a compound page, the next the page at the following frame";
    AcrossTheStart, "across-the-start", Any, "an entry is a head page, the next the page at the frame before";
    WholeCompoundPage, "whole-compound-page", Any, "a run names all pages of a compound page of order 1 or more, in order";
    Descending, "descending", Any, "in a run, an entry names the page before that of the entry before it";
    SamePage, "same-page", Any, "two entries side by side name the same page";
    SamePageManyTimes, "same-page-many-times", Any, "32 or more entries side by side name the same page";
    Order1, "order-1", Any, "an entry names a page of order 1";
    Order9, "order-9", Any, "an entry names a page of order 9";
    Order10, "order-10", Any, "an entry names a page of order 10, the largest";
    RunEndsWithBlock, "run-ends-with-block", Any, "a run of 16n + 1 entries, n at least 1: whole blocks after its first entry";
    RunEndsInBlock, "run-ends-in-block", Any, "a run of more than 16 entries that ends inside a block of 16";
    LongRun, "long-run", Any, "a run of 512 or more entries";
    ManyRuns, "many-runs", Any, "a call on 64 or more runs";
    EitherSideOfGap, "either-side-of-a-gap", Any, "two entries side by side name pages of two compound pages that have a gap and nothing else between them";
    LastPageOfMap, "last-page-of-the-map", Any, "an entry names an order-0 page that is the very last of the map";
    SliceOfArray, "slice-of-an-array", Any, "a call on some entries that an array has, and not on others";

    Refcount1, "refcount-1", Any, "a run starts on a page with one reference";
    RefcountAround1024, "refcount-around-1024", Any, "a run starts on a page with 1008 to 1040 references";
    RefcountNearMax, "refcount-near-max", Any, "a run starts on a page with i32::MAX - 64 or more references";
    FreedByLastOfRun, "freed-by-last-of-run", Any, "the last entry of a run of several drops the last reference";
    FreedInMiddleOfRun, "freed-in-middle-of-run", Any, "the references run out in the middle of a run: the page is freed, and the next entry stops the call";
    FreedOnReturn, "freed-on-return", Any, "a page is freed by a run that is not its first in the call";
    KeepsReferences, "keeps-references", Any, "a run of several entries leaves references";
    UnbackedReleased, "unbacked-released", Any, "an entry for which no reference was taken drops one";
    ErrorAtFirstEntry, "error-at-first-entry", Any, "the first entry of a call stops it";
    ErrorAtLastEntry, "error-at-last-entry", Any, "the last of several entries stops the call";
    ErrorBetweenRuns, "error-between-runs", Any, "the first entry of a run that is not the call's first stops the call, and entries follow it";
    ErrorOnReturn, "error-on-return", Any, "the first entry of a run names a page that an earlier run of the call has freed";
    ErrorSparesOthers, "error-spares-others", Any, "an entry stops the call, and a later one names another page with a reference";
    CallAfterError, "call-after-error", Any, "a call releases pages after an entry has stopped an earlier call";
    ErrorOnFreedPage, "error-on-freed-page", Any, "an entry names a page that an earlier call has freed";
    ErrorOnFreePage, "error-on-free-page", Any, "an entry names a page that was free from the start";
    RefcountNegative, "refcount-negative", Any, "an entry names a page whose count somebody else's over-release left below zero";

    MarksAnon, "marks-anon", Dirty, "a call marks a clean anonymous page dirty";
    MarksFile, "marks-file", Dirty, "a call marks a clean page of a file dirty";
    FindsDirty, "finds-dirty", Dirty, "a call that marks pages finds one dirty already";
    DirtyThenClean, "dirty-then-clean", Dirty, "a call that marks pages finds its first page dirty and a later one clean";
    CleanThenDirty, "clean-then-dirty", Dirty, "a call that marks pages finds its first page clean and a later one dirty";
    DirtyFreed, "dirty-freed", Any, "a dirty page is freed";
    MarkedAgain, "marked-again", Dirty, "a page that was written back is marked dirty again";
    TailOfFileMarked, "tail-of-file-marked", Dirty, "a run that starts at a tail page marks a file's page dirty";

    WaitsForLock, "waits-for-lock", Lock, "a call waits for the holder of a page lock";
    LockedButDirty, "locked-but-dirty", Lock, "a call that would lock a page finds it locked, but dirty already";
    LockedNotAsked, "locked-not-asked", NoLock, "a call that locks nothing releases a page that somebody has locked";
    FreedUnderLock, "freed-under-lock", Any, "a page is freed whose lock somebody holds";

    AcquireRefusedFree, "acquire-refused-free", Any, "an array ends at a page that is free";
    AcquireRefusedMax, "acquire-refused-max", Any, "an array ends at a page with i32::MAX references";
    TwoArraysOfAPage, "two-arrays-of-a-page", Any, "calls on different arrays release one compound page";
    ArrayReused, "array-reused", Any, "a second call on entries of one array";
    AllFunctions, "all-functions", All, "one case calls all four functions of 2018";

    UnpinsSmall, "unpins-small", Unpin, "a pin of an order-0 page is released";
    UnpinsOrder1, "unpins-order-1", Unpin, "a pin of an order-1 page is released, which older kernels count in another way";
    UnpinsLarge, "unpins-large", Unpin, "a pin of a page of order 2 or more is released";
    PinsRunOut, "pins-run-out", Unpin, "a run has more entries than its page has pins";
    PinOverflows, "pin-overflows", Unpin, "a pin is taken with which the refcount goes round";
    GotAndPinned, "got-and-pinned", Unpin, "a page is held by an entry's reference and by an entry's pin";
    UnpinsUnpinned, "unpins-unpinned", Unpin, "a pin is released for an entry that took none";
    UnpinsZeroPage, "unpins-zero-page", Unpin, "the zero page is unpinned";
    UnpinsHugeZeroPage, "unpins-huge-zero-page", Unpin, "a pin of the huge zero page is released";
    NullEntry, "null-entry", Unpin, "an entry of a call is NULL";
    ErrnoForLength, "errno-for-length", Unpin, "a call gets a negative errno for a length, and does nothing";
    RangeUnaligned, "range-unaligned", Range, "a range starts inside a compound page";
}
