//! A case taken apart: every compound page and every entry by itself. Entries name their
//! page by its compound page, so that they name the same one when another is left out.

use std::ops::Range;

use crate::case::{
    Case, Direction, EntriesRecord, FolioRecord, Kind, MAX_GAP, MAX_RANGE, Record,
    anchor_and_offset,
};
use crate::world::{Step, World};

/// The most compound pages that a record can hold.
const MAX_REPEAT: u16 = 256;

#[derive(Clone)]
pub(super) struct Parts {
    pub(super) folios: Vec<Folio>,
    pub(super) arrays: Vec<Vec<Entry>>,
    /// The program, without the step that is in every program: that owners drop theirs.
    pub(super) steps: Vec<Step>,
}

/// A compound page.
#[derive(Clone, Copy)]
pub(super) struct Folio {
    /// Frames to leave out before it.
    pub(super) gap: usize,
    /// It alone.
    pub(super) record: FolioRecord,
}

/// An entry of an array.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    /// The number of its compound page.
    pub(super) folio: usize,
    /// The number of its page in that.
    pub(super) page: usize,
    pub(super) backed: bool,
}

impl Folio {
    pub(super) fn pages(&self) -> usize {
        1 << self.record.order
    }
}

impl Parts {
    pub(super) fn of(case: &Case) -> Parts {
        let world = World::of(case);
        let entry = |entry: &crate::world::Entry| {
            let folio = usize::from(entry.folio);
            let page = usize::from(entry.frame) - world.layout.places[folio].frame;
            Entry { folio, page, backed: entry.backed }
        };
        let arrays = world.arrays.iter().map(|array| world.entries[array.clone()].iter());
        let mut parts = Parts {
            folios: folios(case, &world),
            arrays: arrays.map(|entries| entries.map(entry).collect()).collect(),
            steps: Vec::new(),
        };
        for step in world.steps {
            parts.push_step(step);
        }
        parts
    }

    /// Adds a step; what fills an array further is one with the step before.
    fn push_step(&mut self, step: Step) {
        match (self.steps.last_mut(), step) {
            (_, Step::DropOwners) => {}
            (Some(Step::Fill { array, entries }), Step::Fill { array: same, entries: more })
                if *array == same =>
            {
                entries.end = more.end;
            }
            (_, step) => self.steps.push(step),
        }
    }

    /// The number in the world of each compound page's head page, and how many pages there
    /// are.
    fn heads(&self) -> (Vec<usize>, usize) {
        let mut pages = 0;
        let head = |folio: &Folio| {
            pages += folio.pages();
            pages - folio.pages()
        };
        let heads = self.folios.iter().map(head).collect();
        (heads, pages)
    }

    pub(super) fn steps(&self) -> usize {
        self.steps.len()
    }

    pub(super) fn folios(&self) -> usize {
        self.folios.len()
    }

    pub(super) fn calls(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step, Step::Call { .. })).count()
    }

    pub(super) fn entries(&self) -> usize {
        self.arrays.iter().map(Vec::len).sum()
    }

    pub(super) fn pages(&self) -> usize {
        self.heads().1
    }

    /// What is not plain: 0 where all pages are plain, and all entries the first page.
    pub(super) fn detail(&self) -> u64 {
        let (heads, _) = self.heads();
        let folio = |Folio { gap, record }: &Folio| {
            let flags = [
                record.kind == Kind::File,
                record.dirty,
                record.locked,
                record.from.is_mapping(),
                record.from.is_mapping(),
            ];
            let flags = flags.into_iter().filter(|set| *set).count();
            *gap as u64 + flags as u64 + detail_of_refs(record.refs)
        };
        let entry = |entry: &Entry| {
            (heads[entry.folio] + entry.page) as u64 + if entry.backed { 0 } else { 2 }
        };
        let call = |step: &Step| match step {
            Step::Call { array: Some(array), entries, .. } => {
                u64::from(*entries != (0..self.arrays[*array].len()))
            }
            _ => 0,
        };
        self.folios.iter().map(folio).sum::<u64>()
            + self.arrays.iter().flatten().map(entry).sum::<u64>()
            + self.steps.iter().map(call).sum::<u64>()
    }

    /// The case, put together again.
    pub(super) fn case(&self) -> Case {
        let (heads, pages) = self.heads();
        let mut records = Vec::new();
        // How many records there are up to that of each compound page.
        let mut lines = Vec::new();
        for folio in &self.folios {
            push_folio(&mut records, folio);
            lines.push(records.len());
        }
        // How long each array is so far. What is done with one that has no entries yet, as
        // those were left out, is left out too.
        let mut lengths: Vec<usize> = Vec::new();
        for step in &self.steps {
            let earlier = |array: usize| lengths.len().checked_sub(array + 1);
            match step {
                Step::Fill { array, entries } => {
                    let new = *array == lengths.len();
                    let filled = &self.arrays[*array][entries.clone()];
                    let named = filled.iter().map(|entry| Named {
                        page: heads[entry.folio] + entry.page,
                        line: lines[entry.folio],
                        backed: entry.backed,
                    });
                    push_entries(&mut records, &named.collect::<Vec<_>>(), pages, new);
                    lengths.truncate(*array);
                    lengths.push(entries.end);
                }
                Step::Acquire { array } => {
                    let acquire = |earlier| Record::Acquire { earlier: earlier as u16 };
                    records.extend(earlier(*array).map(acquire));
                }
                Step::DropOwners => {}
                Step::Call { function, array, entries } => {
                    let length = array.map_or(0, |array| lengths.get(array).copied().unwrap_or(0));
                    let earlier = array.map_or(Some(0), earlier);
                    // Of an array with entries there is no way to write a call on none.
                    let Some(earlier) = earlier.filter(|_| !entries.is_empty() || length == 0)
                    else {
                        continue;
                    };
                    records.push(Record::Call {
                        function: *function,
                        earlier: earlier as u16,
                        first: entries.start as u16,
                        length: if entries.end == length { 0 } else { entries.len() as u16 },
                    });
                }
                Step::Clean { folios } => records.extend(clean(&heads, folios)),
            }
        }
        Case { records }
    }
}

/// References close to a round number are plainer than others, and small ones than large.
fn detail_of_refs(refs: i32) -> u64 {
    let (anchor, offset) = anchor_and_offset(refs).expect("a record's refs can be written");
    u64::from(anchor) << 8 | u64::from(offset.unsigned_abs())
}

fn folios(case: &Case, world: &World) -> Vec<Folio> {
    let mut folios = Vec::new();
    let (mut group, mut gap) = (0, 0);
    for record in &case.records {
        match record {
            Record::Gap { frames } => gap += usize::from(*frames),
            Record::Folio(record) => {
                // Records beyond the limit have no pages.
                let Some((_, pages)) = world.layout.pages_of_group(group) else { break };
                group += 1;
                let record = FolioRecord { repeat: 1, ..*record };
                for _ in 0..pages >> record.order {
                    folios.push(Folio { gap: std::mem::take(&mut gap), record });
                }
            }
            _ => {}
        }
    }
    folios
}

fn push_folio(records: &mut Vec<Record>, Folio { gap, record }: &Folio) {
    let mut gap = *gap;
    let is_beside = gap == 0;
    while gap > 0 {
        let frames = gap.min(usize::from(MAX_GAP));
        records.push(Record::Gap { frames: frames as u16 });
        gap -= frames;
    }
    match records.last_mut() {
        Some(Record::Folio(last))
            if is_beside
                && last.repeat < MAX_REPEAT
                && FolioRecord { repeat: 1, ..*last } == *record =>
        {
            last.repeat += 1;
        }
        _ => records.push(Record::Folio(*record)),
    }
}

/// An entry as a record names it.
#[derive(Clone, Copy)]
struct Named {
    /// The number of its page in the world.
    page: usize,
    /// The record that the page is of.
    line: usize,
    backed: bool,
}

/// Adds entries, of a world of so many pages, as ranges that are as long as they can be.
fn push_entries(records: &mut Vec<Record>, entries: &[Named], pages: usize, new: bool) {
    let nothing =
        EntriesRecord { first: 0, length: 0, direction: Direction::Up, backed: true, also: false };
    if new && entries.is_empty() {
        records.push(Record::Entries(nothing));
    }
    let (mut rest, mut also) = (entries, !new);
    while let Some(first) = rest.first() {
        let directions = [Direction::Down, Direction::Up, Direction::Same];
        let runs = directions.map(|direction| (run_length(rest, direction, pages), direction));
        // Of runs as long as each other the last.
        let longest = runs.into_iter().max_by_key(|(length, _)| *length);
        let (length, direction) = longest.expect("there are directions");
        let (page, backed) = (first.page as u16, first.backed);
        let record = EntriesRecord { first: page, length: length as u16, direction, backed, also };
        records.push(Record::Entries(record.normalised()));
        (rest, also) = (&rest[length..], true);
    }
}

/// How many entries at the start are one range, which stays inside of one line. Only where
/// it goes round the whole world, which is hard to read but may be long, it does not.
fn run_length(entries: &[Named], direction: Direction, pages: usize) -> usize {
    let first = entries[0];
    let page = |index: usize| first.page as i64 + index as i64 * direction.step();
    let length = |continues: &dyn Fn(usize, &Named) -> bool| {
        let entries = entries.iter().take(usize::from(MAX_RANGE)).enumerate();
        let run = entries
            .take_while(|(index, entry)| entry.backed == first.backed && continues(*index, entry));
        run.count()
    };
    let around = length(&|index, entry| entry.page as i64 == page(index).rem_euclid(pages as i64));
    if around > pages {
        return around;
    }
    length(&|index, entry| entry.page as i64 == page(index) && entry.line == first.line)
}

/// The record that writes back these compound pages, if there are any.
fn clean(heads: &[usize], folios: &Range<usize>) -> Option<Record> {
    let last = heads[folios.clone()].last()?;
    let first = heads[folios.start];
    let length = (last - first + 1).min(usize::from(MAX_RANGE));
    Some(Record::Clean { first: first as u16, length: length as u16 })
}
