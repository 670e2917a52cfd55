//! A case taken apart: every compound page and every entry by itself. Entries name their
//! page by its compound page, so that they name the same one when another is left out.

use crate::world::{Step, World};
use crate::{Backing, Case, FolioRecord, Kind, Record, anchor_and_offset};

#[derive(Clone, PartialEq)]
pub(super) struct Parts {
    pub(super) folios: Vec<Folio>,
    pub(super) arrays: Vec<Vec<Entry>>,
    /// The program, without the step that is in every program: that owners drop theirs.
    pub(super) steps: Vec<Step>,
    /// Whether arrays may be long.
    pub(super) is_long: bool,
}

/// A compound page.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Folio {
    /// Frames to leave out before it.
    pub(super) gap: usize,
    /// It alone.
    pub(super) record: FolioRecord,
}

/// An entry of an array.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Entry {
    /// The number of its compound page.
    pub(super) folio: usize,
    /// The number of its page in that.
    pub(super) page: usize,
    pub(super) backing: Backing,
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
            // Of a NULL it is the first page's, and means nothing.
            let page = usize::from(entry.frame) - world.layout.places[folio].frame;
            Entry { folio, page, backing: entry.backing }
        };
        let arrays = world.arrays.iter().map(|array| world.entries[array.clone()].iter());
        let mut parts = Parts {
            folios: folios(case, &world),
            arrays: arrays.map(|entries| entries.map(entry).collect()).collect(),
            steps: Vec::new(),
            is_long: case.records.contains(&Record::Long),
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
    pub(super) fn heads(&self) -> (Vec<usize>, usize) {
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
            let backing = match entry.backing {
                Backing::Got => 0,
                Backing::Pinned => 1,
                Backing::Unbacked => 2,
                Backing::Null => return 3,
            };
            (heads[entry.folio] + entry.page) as u64 + backing
        };
        let call = |step: &Step| match step {
            Step::Call { errno: Some(_), .. } => 2,
            Step::Call { array: Some(array), entries, .. } => {
                u64::from(*entries != (0..self.arrays[*array].len()))
            }
            _ => 0,
        };
        self.folios.iter().map(folio).sum::<u64>()
            + self.arrays.iter().flatten().map(entry).sum::<u64>()
            + self.steps.iter().map(call).sum::<u64>()
    }
}

/// References close to a round number are plainer than others, and small ones than large. Those
/// below zero are as far from it as those above.
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
