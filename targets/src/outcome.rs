//! Outcomes: all that a backend leaves behind.

use serde::{Deserialize, Serialize};
use strum::{Display, VariantArray};

use put_user_page_case::layout::{MAX_FRAMES, MAX_RECORDS};
use put_user_page_case::world::MAX_LONG_ENTRIES;

/// All that a backend leaves behind of one case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Each compound page, in the order of the world.
    pub folios: Vec<FolioState>,
    /// What happened to pages during calls, in the order in which it happened.
    pub events: Vec<Event>,
    /// For each call, the index of the entry that stopped it.
    pub errors: Vec<Option<usize>>,
    /// For each step that takes references, the array's length after it.
    pub acquired: Vec<usize>,
    /// Of the compound pages that entries of a call named that releases pins, those that may be
    /// pinned still when it returned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pinned: Vec<Pinned>,
    /// Pins as the node counted them.
    #[serde(default)]
    pub node_pins: NodePins,
    /// Words of the memory map that changed and should not have.
    pub stray_writes: Vec<StrayWrite>,
    /// Counters of a kernel that are not what they should be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub imbalances: Vec<Imbalance>,
    /// For each folio record whose pages come from a user mapping, the order that the
    /// kernel chose for them; empty where nobody chose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<u8>,
}

/// The most events that a case of which nothing diverges has: for each entry released a
/// wait, a lock, a mark, an unlock and a free.
pub const MAX_EVENTS: usize = 5 * MAX_LONG_ENTRIES;

/// The most events that an outcome may have: a wrong implementation may do everything several
/// times.
const MOST_EVENTS: usize = 4 * MAX_EVENTS;

/// Five counters of each compound page and of the node.
const MOST_IMBALANCES: usize = 5 * (MAX_FRAMES + 1);

impl Outcome {
    /// No outcome yet, with room for that of any case of which nothing diverges.
    pub fn with_room() -> Outcome {
        Outcome {
            folios: Vec::with_capacity(MAX_FRAMES),
            events: Vec::with_capacity(MAX_EVENTS),
            errors: Vec::with_capacity(MAX_RECORDS),
            acquired: Vec::with_capacity(MAX_RECORDS),
            pinned: Vec::with_capacity(MAX_LONG_ENTRIES),
            orders: Vec::with_capacity(MAX_RECORDS),
            ..Outcome::default()
        }
    }

    /// What it has more of than any outcome, a wrong one too: it comes from outside, and what is
    /// done with it takes time and memory for each. `None` if all is within bounds.
    pub fn beyond_bounds(&self) -> Option<&'static str> {
        let lists = [
            (self.folios.len(), MAX_FRAMES, "more compound pages than frames"),
            (self.events.len(), MOST_EVENTS, "more events than calls can have"),
            (self.errors.len(), MAX_RECORDS, "more errors than records"),
            (self.acquired.len(), MAX_RECORDS, "more lengths of arrays than records"),
            (self.pinned.len(), MAX_LONG_ENTRIES, "more pinned pages than entries"),
            (self.stray_writes.len(), 8 * MAX_FRAMES, "more stray writes than words"),
            (self.imbalances.len(), MOST_IMBALANCES, "more imbalances than counters"),
            (self.orders.len(), MAX_RECORDS, "more orders than records"),
        ];
        lists.into_iter().find(|(length, most, _)| length > most).map(|(.., what)| what)
    }

    /// Empties everything, and keeps the memory.
    pub fn clear(&mut self) {
        self.folios.clear();
        self.events.clear();
        self.errors.clear();
        self.acquired.clear();
        self.pinned.clear();
        self.node_pins = NodePins::default();
        self.stray_writes.clear();
        self.imbalances.clear();
        self.orders.clear();
    }
}

/// A compound page at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FolioState {
    /// It had no reference when the first call was made.
    Free,
    /// It is in use.
    Live {
        /// Its references.
        refcount: i32,
        /// Pins that are counted apart; 0 of a page that has none so.
        #[serde(default)]
        pincount: i32,
        /// folio_maybe_dma_pinned().
        #[serde(default)]
        pinned: bool,
        /// Whether it is marked dirty.
        dirty: bool,
        /// Whether somebody holds its lock.
        locked: bool,
        /// What its file keeps of it; zero for anonymous pages.
        accounting: Accounting,
    },
    /// A call freed it.
    Freed {
        /// Whether it was marked dirty when it was freed.
        dirty: bool,
        /// Pins that are counted apart, which somebody has still.
        #[serde(default)]
        pincount: i32,
    },
}

/// The kinds of [`FolioState`]. Their `Display` is the kind in a word.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum StateKind {
    /// Free from the start.
    Free,
    /// In use.
    Live,
    /// Freed by a call.
    Freed,
}

impl FolioState {
    /// Its kind.
    pub const fn kind(&self) -> StateKind {
        match self {
            FolioState::Free => StateKind::Free,
            FolioState::Live { .. } => StateKind::Live,
            FolioState::Freed { .. } => StateKind::Freed,
        }
    }

    /// The references of a page in use.
    pub const fn refcount(&self) -> Option<i32> {
        let FolioState::Live { refcount, .. } = *self else { return None };
        Some(refcount)
    }

    /// The pins of a page that are counted apart.
    pub const fn pincount(&self) -> Option<i32> {
        match *self {
            FolioState::Live { pincount, .. } | FolioState::Freed { pincount, .. } => {
                Some(pincount)
            }
            FolioState::Free => None,
        }
    }

    /// Whether a page in use may be pinned.
    pub const fn pinned(&self) -> Option<bool> {
        let FolioState::Live { pinned, .. } = *self else { return None };
        Some(pinned)
    }

    /// Whether the page is marked dirty, or was when it was freed.
    pub const fn dirty(&self) -> Option<bool> {
        match *self {
            FolioState::Live { dirty, .. } | FolioState::Freed { dirty, .. } => Some(dirty),
            FolioState::Free => None,
        }
    }

    /// Whether somebody holds the lock of a page in use.
    pub const fn locked(&self) -> Option<bool> {
        let FolioState::Live { locked, .. } = *self else { return None };
        Some(locked)
    }

    /// What its file keeps of a page in use.
    pub const fn accounting(&self) -> Option<Accounting> {
        let FolioState::Live { accounting, .. } = *self else { return None };
        Some(accounting)
    }
}

/// What a file keeps of a compound page of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounting {
    /// How often it is counted as dirty: 0 or 1, if all is well.
    pub dirty_count: i64,
    /// How often it is tagged as dirty: 0 or 1, if all is well.
    pub dirty_tags: i64,
}

/// What happened to a page. Its `Display` is the kind in a word.
#[derive(
    Clone,
    Copy,
    Debug,
    Display,
    VariantArray,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EventKind {
    /// lock_page() found the page locked and waited for the holder to unlock it.
    Wait,
    /// The page lock was taken.
    Lock,
    /// The page lock was given back.
    Unlock,
    /// The page went from clean to dirty.
    Dirty,
    /// The page was freed.
    Free,
}

/// Something that happened to a page during a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Event {
    /// The page's frame.
    pub frame: usize,
    /// What happened.
    pub kind: EventKind,
    /// The page's refcount at that moment, or [`Event::UNSEEN`].
    pub refcount: i32,
    /// The number of the call, from 0.
    pub call: usize,
}

impl Event {
    /// Stands for a refcount that the backend does not see.
    pub const UNSEEN: i32 = i32::MIN;

    /// The event for people: what happened, and the refcount at that moment, if it was seen.
    pub fn describe(&self) -> String {
        match self.refcount {
            Event::UNSEEN => self.kind.to_string(),
            refcount => format!("{} at {refcount}", self.kind),
        }
    }
}

/// A compound page that may be pinned, folio_maybe_dma_pinned(), after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pinned {
    /// The number of the call, from 0.
    pub call: usize,
    /// The number of the compound page.
    pub folio: usize,
}

impl Pinned {
    /// Brings those of a call, which are the last and start there, into the order that all outcomes
    /// have them in, each once.
    pub fn sort(list: &mut Vec<Pinned>, start: usize) {
        list[start..].sort_unstable();
        list.dedup();
    }
}

/// Pins as a node counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodePins {
    /// NR_FOLL_PIN_ACQUIRED.
    pub acquired: i64,
    /// NR_FOLL_PIN_RELEASED.
    pub released: i64,
}

/// A word of a page that changed and should not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StrayWrite {
    /// The page's frame.
    pub frame: usize,
    /// Which of the page's eight words.
    pub word: usize,
    /// What it should be.
    pub expected: u64,
    /// What it is.
    pub found: u64,
}

/// A counter of a kernel that is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imbalance {
    /// Which one.
    pub counter: Counter,
    /// The number of the compound page that it is of; `None` for the whole node's.
    pub folio: Option<usize>,
    /// What it should be.
    pub expected: i64,
    /// What it is.
    pub found: i64,
}

/// A counter of a kernel. Its `Display` is the counter in a few words.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counter {
    /// Pins that the node counts as released during the case.
    #[strum(serialize = "NR_FOLL_PIN_RELEASED")]
    ReleasedPins,
    /// Dirty pages of files that the node counts since the case began.
    #[strum(serialize = "NR_FILE_DIRTY")]
    FileDirty,
    /// How often a compound page was freed.
    #[strum(serialize = "times freed")]
    TimesFreed,
    /// Pins that the node counts as acquired during the case.
    #[strum(serialize = "NR_FOLL_PIN_ACQUIRED")]
    AcquiredPins,
    /// References or pins that a call was to drop, and the case should have had: it ended there.
    #[strum(serialize = "references left for the next call")]
    Lacking,
    /// How often a node was told of a page that had been freed.
    #[strum(serialize = "counted after the free")]
    LateCounts,
    /// Page locks that a call returned with: the case ended there.
    #[strum(serialize = "page locks kept")]
    LocksKept,
    /// Events that there was no room for.
    #[strum(serialize = "events without room")]
    LostEvents,
}
