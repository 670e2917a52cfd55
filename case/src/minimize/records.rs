//! Parts as the records of a case: as few as there can be of a kind that reads well.

use std::ops::Range;

use crate::world::{MAX_ENTRIES, Step};
use crate::{
    Backing, Case, Direction, EntriesRecord, FolioRecord, Function, MAX_GAP, MAX_RANGE, Record,
};

use super::parts::{Entry, Folio, Parts};

/// The most compound pages that a record can hold.
const MAX_REPEAT: u16 = 256;

/// The records so far, and what others are to be numbered by.
struct Writer {
    records: Vec<Record>,
    /// For each compound page, the number of its head page, and of records up to its own.
    folios: Vec<(usize, usize)>,
    /// Pages of the world.
    pages: usize,
    /// How long each array is so far.
    lengths: Vec<usize>,
}

/// An entry as a record names it.
#[derive(Clone, Copy)]
struct Named {
    /// The number of its page in the world.
    page: usize,
    /// The number of records up to that of its page.
    line: usize,
    backing: Backing,
}

impl Parts {
    /// The case, put together again.
    pub(super) fn case(&self) -> Case {
        let (heads, pages) = self.heads();
        let mut writer =
            Writer { records: Vec::new(), folios: Vec::new(), pages, lengths: Vec::new() };
        for (folio, head) in self.folios.iter().zip(heads) {
            writer.folio(folio);
            writer.folios.push((head, writer.records.len()));
        }
        if self.is_long && self.entries() > MAX_ENTRIES {
            writer.records.push(Record::Long);
        }
        for step in &self.steps {
            match step {
                Step::Fill { array, entries } => {
                    writer.fill(*array, &self.arrays[*array][entries.clone()], entries.end);
                }
                Step::Acquire { array } => writer.acquire(*array),
                Step::DropOwners => {}
                Step::Call { function, array, entries: _, errno: Some(errno) } => {
                    writer.call_with_errno(*function, *array, *errno);
                }
                Step::Call { function, array, entries, errno: None } => {
                    writer.call(*function, *array, entries);
                }
                Step::Clean { folios } => writer.clean(folios),
            }
        }
        Case { records: writer.records }
    }
}

impl Writer {
    fn folio(&mut self, Folio { gap, record }: &Folio) {
        let mut gap = *gap;
        let is_beside = gap == 0;
        while gap > 0 {
            let frames = gap.min(usize::from(MAX_GAP));
            self.records.push(Record::Gap { frames: frames as u16 });
            gap -= frames;
        }
        match self.records.last_mut() {
            Some(Record::Folio(last))
                if is_beside
                    && last.repeat < MAX_REPEAT
                    && FolioRecord { repeat: 1, ..*last } == *record =>
            {
                last.repeat += 1;
            }
            _ => self.records.push(Record::Folio(*record)),
        }
    }

    /// An array gets entries, after which it is so long.
    fn fill(&mut self, array: usize, entries: &[Entry], length: usize) {
        let named = |entry: &Entry| {
            if entry.backing == Backing::Null {
                return Named { page: 0, line: 0, backing: Backing::Null };
            }
            let (head, line) = self.folios[entry.folio];
            Named { page: head + entry.page, line, backing: entry.backing }
        };
        let named: Vec<Named> = entries.iter().map(named).collect();
        let mut rest = &named[..];
        let mut also = array < self.lengths.len();
        if rest.is_empty() && !also {
            self.records.push(entries_record((0, Backing::Got), (0, Direction::Up), also));
        }
        while let Some(first) = rest.first() {
            let directions = [Direction::Down, Direction::Up, Direction::Same];
            let runs = directions.map(|way| (run_length(rest, way, self.pages), way));
            // Of runs as long as each other the last.
            let longest = runs.into_iter().max_by_key(|(length, _)| *length);
            let run = longest.expect("there are directions");
            self.records.push(entries_record((first.page, first.backing), run, also));
            (rest, also) = (&rest[run.0..], true);
        }
        self.lengths.truncate(array);
        self.lengths.push(length);
    }

    /// The number of an array counted back from the latest; `None` where what filled it was
    /// left out up to here.
    fn earlier(&self, array: usize) -> Option<u16> {
        self.lengths.len().checked_sub(array + 1).map(|earlier| earlier as u16)
    }

    fn acquire(&mut self, array: usize) {
        self.records.extend(self.earlier(array).map(|earlier| Record::Acquire { earlier }));
    }

    fn call_with_errno(&mut self, function: Function, array: Option<usize>, errno: u8) {
        let earlier = array.map_or(Some(0), |array| self.earlier(array));
        let record = |earlier| Record::CallWithErrno { function, earlier, errno };
        self.records.extend(earlier.map(record));
    }

    fn call(&mut self, function: Function, array: Option<usize>, entries: &Range<usize>) {
        let earlier = array.map_or(Some(0), |array| self.earlier(array));
        let Some(earlier) = earlier else { return };
        let all = array.map_or(0, |array| self.lengths[array]);
        // Of an array with entries there is no way to write a call on none.
        if entries.is_empty() && all > 0 {
            return;
        }
        let (first, rest) = (entries.start as u16, entries.end == all);
        // A slice that is too long for its number was cut from all the rest, and will be again.
        let length = if rest { 0 } else { u16::try_from(entries.len()).unwrap_or(0) };
        self.records.push(Record::Call { function, earlier, first, length });
    }

    /// Compound pages are written back, if there are any.
    fn clean(&mut self, folios: &Range<usize>) {
        if let Some((last, _)) = self.folios[folios.clone()].last() {
            let (first, _) = self.folios[folios.start];
            let length = (last - first + 1).min(usize::from(MAX_RANGE)) as u16;
            self.records.push(Record::Clean { first: first as u16, length });
        }
    }
}

/// The record of a run from a page on, held so.
fn entries_record(
    (first, backing): (usize, Backing),
    (length, direction): (usize, Direction),
    also: bool,
) -> Record {
    let (first, length) = (first as u16, length as u16);
    Record::Entries(EntriesRecord { first, length, direction, backing, also }.normalised())
}

/// How many entries at the start are one range, which stays inside of one line. Only where
/// it goes round the whole world, which is hard to read but may be long, it does not.
fn run_length(entries: &[Named], direction: Direction, pages: usize) -> usize {
    let first = entries[0];
    let page = |index: usize| first.page as i64 + index as i64 * direction.step();
    let length = |continues: &dyn Fn(usize, &Named) -> bool| {
        let entries = entries.iter().take(usize::from(MAX_RANGE)).enumerate();
        let run = entries.take_while(|(index, entry)| {
            entry.backing == first.backing && continues(*index, entry)
        });
        run.count()
    };
    // NULLs are entries of a world without pages too.
    let around =
        length(&|index, entry| entry.page as i64 == page(index).rem_euclid(pages.max(1) as i64));
    if around > pages {
        return around;
    }
    length(&|index, entry| entry.page as i64 == page(index) && entry.line == first.line)
}
