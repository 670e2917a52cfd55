//! The largest cases: what a harness has run once takes no more memory than it has then. So
//! all cases after it take the same branches, whatever ran before them.

use std::iter::repeat_n;

use put_user_page_case::layout::{MAX_FRAMES, MAX_RECORDS};
use put_user_page_case::world::{MAX_ARRAYS, MAX_ENTRIES, MAX_LONG_ENTRIES, MAX_TOTAL_ENTRIES};
use put_user_page_case::{
    Backing, Case, Direction, EntriesRecord, FolioRecord, Function, Kind, Record, Source,
};
use put_user_page_targets::harness::Harness;

/// As many records as the inputs have that engines make, which is 1 MiB for AFL++ and for
/// honggfuzz, and less for libFuzzer.
const MOST_RECORDS: usize = (1 << 20) / 8;

/// Warms a harness up with the largest cases, so that what cases cover from here on depends on
/// nothing but themselves.
pub fn warm_up(harness: &mut Harness) {
    cases().iter().for_each(|case| harness.warm_up(case));
}

/// Cases that reach all limits of a case between them.
fn cases() -> [Case; 6] {
    let call = call(Function::PutUserPagesDirtyLock);
    let acquire = Record::Acquire { earlier: 0 };
    let clean = Record::Clean { first: 0, length: u16::MAX >> 4 };
    let records = [
        most_pages(),
        most_entries(),
        most_steps(&[call]),
        most_steps(&[acquire]),
        most_steps(&[acquire, call, clean]),
        vec![Record::Gap { frames: 1 }; MOST_RECORDS],
    ];
    records.map(|records| Case { records })
}

/// As many pages, entries and releases as a case can have, each page freed by itself.
fn most_pages() -> Vec<Record> {
    let pages = repeat_n(folio(256), MAX_FRAMES / 256);
    let arrays = (0..MAX_TOTAL_ENTRIES).step_by(MAX_ENTRIES).flat_map(|first| {
        let last = first + MAX_ENTRIES - 1;
        let entries = [entries(first, MAX_ENTRIES - 1, false), entries(last, 1, true)];
        entries.into_iter().chain([call(Function::PutUserPagesDirtyLock)])
    });
    pages.chain(arrays).collect()
}

/// As many entries as a case can have, in one array.
fn most_entries() -> Vec<Record> {
    let entries = (0..MAX_LONG_ENTRIES)
        .step_by(MAX_ENTRIES / 2)
        .map(|first| entries(first, MAX_ENTRIES / 2, first > 0));
    let call = call(Function::PutUserPagesDirtyLock);
    [Record::Long, folio(256)].into_iter().chain(entries).chain([call]).collect()
}

/// As many arrays and records as a case can have, of which most are these, in turn: as many
/// events as a case can have, if each call finds clean pages with references.
fn most_steps(round: &[Record]) -> Vec<Record> {
    let world = repeat_n(folio(1), MAX_RECORDS);
    let arrays =
        (0..MAX_ARRAYS).map(|array| entries(array, MAX_TOTAL_ENTRIES / MAX_RECORDS, false));
    let rounds = round.iter().copied().cycle().take(MAX_RECORDS - MAX_ARRAYS);
    world.chain(arrays).chain(rounds).collect()
}

fn folio(repeat: u16) -> Record {
    Record::Folio(FolioRecord {
        order: 0,
        kind: Kind::File,
        dirty: false,
        locked: false,
        refs: 0,
        repeat,
        from: Source::Kernel,
    })
}

fn entries(first: usize, length: usize, also: bool) -> Record {
    Record::Entries(EntriesRecord {
        first: first as u16,
        length: length as u16,
        direction: Direction::Up,
        backing: Backing::Got,
        also,
    })
}

fn call(function: Function) -> Record {
    Record::Call { function, earlier: 0, first: 0, length: 0 }
}
