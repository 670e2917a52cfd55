//! The world and the program that a case describes, with every number resolved: what
//! each backend builds its own world from.

use std::ops::Range;

use crate::case::Case;
use crate::layout::{Layout, MAX_RECORDS};
use put_user_page_record::{Backing, EntriesRecord, FolioRecord, Function, Kind, Record, Source};

/// Entries of one array, unless a `long` record came before.
pub const MAX_ENTRIES: usize = 4096;

/// Arrays of a case.
pub const MAX_ARRAYS: usize = 64;

/// Entries of all arrays of a case together; also how many releases and how many taken
/// references a case asks for at most, unless a `long` record came before.
pub const MAX_TOTAL_ENTRIES: usize = 16384;

/// What takes the place of both limits after a `long` record: more entries than 16 bits can
/// count.
pub const MAX_LONG_ENTRIES: usize = 81_920;

/// A compound page as it is at the start; where it lies is in the [`Layout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Folio {
    /// What it holds.
    pub kind: Kind,
    /// Whether it is marked dirty.
    pub dirty: bool,
    /// Whether somebody holds its lock, and with it one of `refs`.
    pub locked: bool,
    /// Its references, beside those that entries take and its owner's; below zero where somebody
    /// else's over-release has left them so.
    pub refs: i32,
    /// Where its pages come from; a mapping has one of `refs`.
    pub from: Source,
}

/// One slot of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Entry {
    /// The frame of the page that it names; of a NULL that of the first page.
    pub frame: u16,
    /// The number of the compound page that the page belongs to.
    pub folio: u16,
    /// How its page is held for it, or that it is a NULL.
    pub backing: Backing,
}

impl Entry {
    /// Whether it names no page.
    pub fn is_null(&self) -> bool {
        self.backing == Backing::Null
    }
}

/// A statement of the program.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// An array gets more entries, unless it was cut short before them: references are
    /// taken for those that are backed, and the first that cannot be had ends the array.
    Fill {
        /// The array's number.
        array: usize,
        /// The entries, by their index in the array.
        entries: Range<usize>,
    },
    /// References and pins are taken once more for the backed entries of an array, which ends with
    /// the first that cannot be had.
    Acquire {
        /// The array's number.
        array: usize,
    },
    /// Every owner drops its reference.
    DropOwners,
    /// A call on the entries of a slice, as far as the array goes.
    Call {
        /// What is called.
        function: Function,
        /// The array's number; `None` for an empty array of no record.
        array: Option<usize>,
        /// The entries, by their index in the array.
        entries: Range<usize>,
        /// The errno whose negative the call gets in place of how many entries there are, which
        /// then are none.
        #[serde(skip_serializing_if = "Option::is_none")]
        errno: Option<u8>,
    },
    /// Compound pages that are in use are written back.
    Clean {
        /// Their numbers.
        folios: Range<usize>,
    },
}

/// A case with every number resolved.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Where the compound pages lie.
    pub layout: Layout,
    /// The compound pages, as many as the layout has.
    pub folios: Vec<Folio>,
    /// The entries of all arrays, one array after the other.
    pub entries: Vec<Entry>,
    /// Where in `entries` each array lies, as its records wrote it.
    pub arrays: Vec<Range<usize>>,
    /// The program.
    pub steps: Vec<Step>,
    /// Whether an entry is held by a pin.
    pub holds_pins: bool,
    /// Whether an entry is a NULL.
    pub has_nulls: bool,
    is_long: bool,
    releases: usize,
    references: usize,
    owners_dropped: bool,
    /// For each compound page, how many references the backed entries that name it take at most.
    backed: Vec<u32>,
}

/// References of a small page that are a pin: GUP_PIN_COUNTING_BIAS of every kernel that has
/// one (include/linux/mm.h).
pub const GUP_PIN_COUNTING_BIAS: u32 = 1024;

/// How many references an entry takes of its page at most. A page of two pages was a small one for
/// pins before 5.18.
fn most_references(backing: Backing, pages: usize) -> u32 {
    match backing {
        Backing::Unbacked | Backing::Null => 0,
        Backing::Pinned if pages <= 2 => GUP_PIN_COUNTING_BIAS,
        Backing::Got | Backing::Pinned => 1,
    }
}

/// How many entries at the start name pages at one frame after the other.
fn side_by_side(entries: &[Entry]) -> usize {
    let Some(first) = entries.first() else { return 0 };
    let frames = usize::from(first.frame)..;
    entries
        .iter()
        .zip(frames)
        .take_while(|(entry, frame)| !entry.is_null() && usize::from(entry.frame) == *frame)
        .count()
}

/// Which of the pages of which there is one have been placed.
#[derive(Default)]
struct Singles {
    zero: bool,
    huge_zero: bool,
}

impl Singles {
    /// Where the pages of the next compound page of this source come from: a second zero page is
    /// one that the kernel allocates.
    fn of(&mut self, from: Source) -> Source {
        let placed = match from {
            Source::Zero => &mut self.zero,
            Source::HugeZero => &mut self.huge_zero,
            _ => return from,
        };
        if std::mem::replace(placed, true) { Source::Kernel } else { from }
    }
}

impl World {
    /// The world of a case.
    pub fn of(case: &Case) -> World {
        let mut world = World::default();
        world.build(case);
        world
    }

    /// Becomes the world of a case, in the memory that this one has.
    pub fn build(&mut self, case: &Case) {
        let World { layout, folios, .. } = self;
        folios.clear();
        let mut single = Singles::default();
        layout.build(&case.records, |folio| {
            let FolioRecord { kind, dirty, locked, .. } = *folio;
            let from = single.of(folio.from);
            // The holder of a page lock has a reference, and so has a mapping.
            let is_held = locked || from.is_mapping();
            let refs = if is_held { folio.refs.max(1) } else { folio.refs };
            folios.push(Folio { kind, dirty, locked, refs, from });
        });
        self.backed.clear();
        self.backed.resize(self.folios.len(), 0);
        self.entries.clear();
        self.arrays.clear();
        self.steps.clear();
        (self.releases, self.references) = (0, 0);
        (self.is_long, self.owners_dropped) = (false, false);
        (self.holds_pins, self.has_nulls) = (false, false);
        let program = case.records.iter().filter(|record| !record.is_of_world());
        for record in program.take(MAX_RECORDS) {
            self.add(record);
        }
        self.drop_owners();
        self.lower_refs();
    }

    /// Lowers `refs` so that they, the owner's reference and those of all backed entries
    /// fit below `i32::MAX`.
    fn lower_refs(&mut self) {
        for (folio, &backed) in self.folios.iter_mut().zip(&self.backed) {
            let room = i32::MAX - 1 - i32::try_from(backed).unwrap_or(i32::MAX - 1);
            folio.refs = folio.refs.min(room);
        }
    }

    fn add(&mut self, record: &Record) {
        match *record {
            Record::Folio(_) | Record::Gap { .. } => {}
            Record::Entries(ref entries) => self.add_entries(entries),
            Record::Again { start, length, backing } => self.add_again(start, length, backing),
            Record::Call { function, earlier, first, length } => {
                self.add_call(function, earlier, first, length);
            }
            Record::CallWithErrno { function, earlier, errno } => {
                self.drop_owners();
                let (array, errno) = (self.array(earlier), Some(errno));
                self.steps.push(Step::Call { function, array, entries: 0..0, errno });
            }
            Record::Acquire { earlier } => {
                if let Some(array) = self.array(earlier)
                    && self.take_references(self.arrays[array].len())
                {
                    self.steps.push(Step::Acquire { array });
                }
            }
            Record::Clean { first, length } => self.add_clean(first, length),
            Record::Long => self.is_long = true,
        }
    }

    /// The number of the array that is so many before the latest, modulo how many.
    fn array(&self, earlier: u16) -> Option<usize> {
        let latest = self.arrays.len().checked_sub(1)?;
        Some(latest - usize::from(earlier) % self.arrays.len())
    }

    /// Entries that an array may have here.
    fn max_entries(&self) -> usize {
        if self.is_long { MAX_LONG_ENTRIES } else { MAX_ENTRIES }
    }

    /// Entries that all arrays may have here, and references and releases that may be asked for.
    fn max_total_entries(&self) -> usize {
        if self.is_long { MAX_LONG_ENTRIES } else { MAX_TOTAL_ENTRIES }
    }

    /// Counts references that the program asks for; false if they are too many.
    fn take_references(&mut self, references: usize) -> bool {
        let fits = self.references + references <= self.max_total_entries();
        if fits {
            self.references += references;
        }
        fits
    }

    /// How many entries may be added to the current array.
    fn room(&self) -> usize {
        let current = self.arrays.last().map_or(0, Range::len);
        let all = self.max_total_entries() - self.references.max(self.entries.len());
        (self.max_entries() - current).min(all)
    }

    fn add_entries(&mut self, record: &EntriesRecord) {
        if !record.also || self.arrays.is_empty() {
            if self.arrays.len() == MAX_ARRAYS {
                return;
            }
            self.arrays.push(self.entries.len()..self.entries.len());
        }
        let before = self.entries.len();
        let length = usize::from(record.length).min(self.room());
        if let Some(first) = usize::from(record.first).checked_rem(self.layout.pages()) {
            let pages = self.layout.walk(first, record.direction).take(length);
            let entry = |(frame, folio)| Entry { frame, folio, backing: record.backing };
            self.entries.extend(pages.map(entry));
        }
        self.fill_added(before);
    }

    fn add_again(&mut self, start: u16, length: u16, backing: Backing) {
        let Some(current) = self.arrays.last().cloned().filter(|array| !array.is_empty()) else {
            return;
        };
        let start = current.start + usize::from(start) % current.len();
        let length = usize::from(length).min(current.end - start).min(self.room());
        let before = self.entries.len();
        self.entries.extend_from_within(start..start + length);
        for entry in self.entries[before..].iter_mut().filter(|entry| !entry.is_null()) {
            entry.backing = backing;
        }
        self.fill_added(before);
    }

    /// Makes the entries from `before` on part of the current array.
    fn fill_added(&mut self, before: usize) {
        let array = self.arrays.len() - 1;
        let range = &mut self.arrays[array];
        range.end = self.entries.len();
        let entries = before - range.start..range.len();
        for entry in &self.entries[before..] {
            let folio = usize::from(entry.folio);
            self.holds_pins |= entry.backing == Backing::Pinned;
            self.has_nulls |= entry.is_null();
            self.backed[folio] += most_references(entry.backing, self.layout.places[folio].pages);
        }
        let fits = self.take_references(entries.len());
        debug_assert!(fits, "room() leaves no more entries than references");
        self.steps.push(Step::Fill { array, entries });
    }

    /// Owners drop their references here, unless they did before.
    fn drop_owners(&mut self) {
        if !self.owners_dropped {
            self.owners_dropped = true;
            self.steps.push(Step::DropOwners);
        }
    }

    fn add_call(&mut self, function: Function, earlier: u16, first: u16, length: u16) {
        self.drop_owners();
        let array = self.array(earlier);
        let array_length = array.map_or(0, |array| self.arrays[array].len());
        let first = usize::from(first).checked_rem(array_length).unwrap_or(0);
        let rest = array_length - first;
        let wanted = if length == 0 { rest } else { usize::from(length).min(rest) };
        let mut length = wanted.min(self.max_total_entries() - self.releases);
        if function.takes_range() {
            let slice = array.map_or(0..0, |array| self.array_range(array, first..first + length));
            length = side_by_side(&self.entries[slice]);
        }
        self.releases += length;
        let entries = first..first + length;
        self.steps.push(Step::Call { function, array, entries, errno: None });
    }

    fn add_clean(&mut self, first: u16, length: u16) {
        let pages = self.layout.pages();
        if pages == 0 || length == 0 {
            return;
        }
        let first = usize::from(first) % pages;
        let last = (first + usize::from(length) - 1).min(pages - 1);
        let folios = self.layout.folio_of_page(first)..self.layout.folio_of_page(last) + 1;
        self.steps.push(Step::Clean { folios });
    }

    /// Where some entries of an array lie in `entries`.
    pub fn array_range(&self, array: usize, entries: Range<usize>) -> Range<usize> {
        let start = self.arrays[array].start;
        start + entries.start..start + entries.end
    }

    /// The entries that a call is on, as its records wrote them.
    pub fn call_entries(&self, array: Option<usize>, entries: Range<usize>) -> &[Entry] {
        array.map_or(&[], |array| &self.entries[self.array_range(array, entries)])
    }

    /// The entries of the call at a step; none where no call is.
    pub fn entries_at(&self, step: usize) -> &[Entry] {
        match self.steps.get(step) {
            Some(Step::Call { array, entries, .. }) => self.call_entries(*array, entries.clone()),
            _ => &[],
        }
    }

    /// Whether a call gets a negative errno for a length.
    pub fn has_errno(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Call { errno: Some(_), .. }))
    }

    /// Whether each call can be of a slice in Rust: no entry is NULL, and no length is the negative
    /// of an errno.
    pub fn fits_slices(&self) -> bool {
        !self.has_nulls && !self.has_errno()
    }

    /// The calls of the program: the number of its step, and what is called.
    pub fn calls(&self) -> impl Iterator<Item = (usize, Function)> {
        self.steps.iter().enumerate().filter_map(|(step, statement)| match statement {
            Step::Call { function, .. } => Some((step, *function)),
            _ => None,
        })
    }
}
