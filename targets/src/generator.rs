//! Cases drawn at random, record by record.

use fastrand::Rng;

use put_user_page_case::world::MAX_LONG_ENTRIES;
use put_user_page_case::{
    Backing, Case, Direction, EntriesRecord, FolioRecord, Function, HUGETLB_ORDER, Kind, MAX_GAP,
    MAX_RANGE, Record, Source,
};

use crate::backend::Class;
use crate::backends::Reference;
use crate::trial::Trial;

/// A case of a few compound pages, a few arrays and a few calls.
pub fn case(rng: &mut Rng) -> Case {
    let mut records = Vec::new();
    for _ in 0..rng.u8(1..=4) {
        if rng.u8(..6) == 0 {
            records.push(gap(rng));
        }
        records.push(Record::Folio(folio(rng)));
    }
    let arrays = records.len();
    for _ in 0..rng.u8(1..=3) {
        // Most functions look at a NULL, and one that looks only behind a page skips the first.
        if rng.u8(..32) == 0 {
            records.push(nulls(rng, false));
            records.push(Record::Entries(entries(rng, true)));
        } else {
            records.push(Record::Entries(entries(rng, false)));
        }
        for _ in 0..rng.u8(..4) {
            records.push(more_entries(rng));
        }
        for _ in 0..rng.u8(1..=3) {
            records.push(statement(rng));
        }
    }
    // Slow, and there is little to find in the rest of them.
    if rng.u16(..4096) == 0 {
        records.splice(arrays..arrays, long_array(rng));
    }
    Case { records }
}

/// A case that drops no reference which nobody has, and frees no page under its holder's lock:
/// one for backends that do not run the others.
pub fn valid_case(rng: &mut Rng, reference: &mut Reference) -> Case {
    loop {
        let drawn = case(rng);
        if Trial::of(&drawn, reference).class() == Class::Valid {
            return drawn;
        }
    }
}

/// An array that may have more entries than 16 bits can count, and a call on it.
fn long_array(rng: &mut Rng) -> Vec<Record> {
    let long = |number| {
        let entries = EntriesRecord { length: MAX_RANGE, ..entries(rng, number > 0) };
        Record::Entries(entries.normalised())
    };
    let mut records: Vec<_> = (0..=MAX_LONG_ENTRIES / usize::from(MAX_RANGE)).map(long).collect();
    records.insert(0, Record::Long);
    records.push(statement(rng));
    records
}

/// Any record.
pub fn record(rng: &mut Rng) -> Record {
    match rng.u8(..8) {
        0 | 1 => Record::Folio(folio(rng)),
        2 => gap(rng),
        3 => Record::Entries(entries(rng, false)),
        4 | 5 => more_entries(rng),
        _ => statement(rng),
    }
}

fn folio(rng: &mut Rng) -> FolioRecord {
    let from = match rng.u8(..16) {
        0 => Source::ALL[rng.usize(1..Source::ALL.len())],
        _ => Source::Kernel,
    };
    let record = FolioRecord {
        order: order(rng, from),
        kind: if rng.bool() { Kind::File } else { Kind::Anon },
        dirty: rng.u8(..4) == 0,
        locked: rng.u8(..6) == 0,
        refs: refs(rng),
        repeat: match rng.u8(..12) {
            0..=8 => 1,
            9 | 10 => rng.u16(2..=4),
            _ => rng.u16(1..=80),
        },
        from,
    };
    record.normalised()
}

/// Below zero in one page of 64: a call that comes to one stops there, and what is behind it is
/// not tried.
fn refs(rng: &mut Rng) -> i32 {
    match rng.u8(..64) {
        0..=31 => 0,
        32..=44 => rng.i32(1..=4),
        45..=50 => rng.i32(1020..=1028),
        51..=56 => i32::MAX - rng.i32(0..=3),
        57..=62 => rng.i32(0..=128),
        _ => rng.i32(-3..=-1),
    }
}

/// An order that pages from there can have: those of a mapping are what a kernel is likely
/// to give a user.
fn order(rng: &mut Rng, from: Source) -> u8 {
    match (from, rng.u8(..32)) {
        (Source::Zero | Source::HugeZero, _) => 0,
        (Source::Anon | Source::Hugetlb, number) => {
            if number < 16 {
                0
            } else {
                HUGETLB_ORDER
            }
        }
        (Source::Memfd | Source::File, number) => number / 8,
        // Mostly small: building and comparing large ones takes the time.
        (Source::Kernel, 0..=12) => 0,
        (Source::Kernel, 13..=20) => 1,
        (Source::Kernel, 21..=27) => rng.u8(2..=4),
        (Source::Kernel, 28..=30) => rng.u8(5..=8),
        (Source::Kernel, _) => rng.u8(9..=10),
    }
}

fn gap(rng: &mut Rng) -> Record {
    Record::Gap { frames: if rng.u8(..8) > 0 { rng.u16(1..=3) } else { rng.u16(0..=MAX_GAP) } }
}

fn length(rng: &mut Rng) -> u16 {
    // Mostly few: long ones are slow, and show little that few do not.
    match rng.u8(..64) {
        0..=3 => 0,
        4..=37 => rng.u16(1..=4),
        38..=57 => rng.u16(1..=40),
        58..=61 => rng.u16(60..=140),
        62 => rng.u16(500..=530),
        _ => rng.u16(0..=MAX_RANGE),
    }
}

fn entries(rng: &mut Rng, also: bool) -> EntriesRecord {
    let record = EntriesRecord {
        first: if rng.u8(..4) > 0 { rng.u16(..8) } else { rng.u16(..) },
        length: length(rng),
        direction: match rng.u8(..8) {
            0..=4 => Direction::Up,
            5 | 6 => Direction::Same,
            _ => Direction::Down,
        },
        backing: backing(rng),
        also,
    };
    record.normalised()
}

fn backing(rng: &mut Rng) -> Backing {
    match rng.u8(..8) {
        0 => Backing::Unbacked,
        1..=4 => Backing::Got,
        _ => Backing::Pinned,
    }
}

fn function(rng: &mut Rng) -> Function {
    let functions = if rng.bool() { &Function::PUT[..] } else { &Function::ALL[..] };
    functions[rng.usize(..functions.len())]
}

/// NULLs, of which a call that is valid has a few.
fn nulls(rng: &mut Rng, also: bool) -> Record {
    let record = EntriesRecord {
        first: 0,
        length: rng.u16(1..=3),
        direction: Direction::Up,
        backing: Backing::Null,
        also,
    };
    Record::Entries(record.normalised())
}

fn more_entries(rng: &mut Rng) -> Record {
    if rng.u8(..64) == 0 {
        return nulls(rng, true);
    }
    if rng.u8(..3) > 0 {
        return Record::Entries(entries(rng, true));
    }
    Record::Again { start: rng.u16(..8), length: length(rng), backing: backing(rng) }
}

/// Mostly -EFAULT, which pin_user_pages() returns.
fn errno(rng: &mut Rng) -> u8 {
    if rng.bool() { 14 } else { rng.u8(1..) }
}

fn statement(rng: &mut Rng) -> Record {
    let earlier = if rng.u8(..4) == 0 { rng.u16(1..=3) } else { 0 };
    match rng.u8(..8) {
        0 => Record::Acquire { earlier },
        1 => Record::Clean { first: rng.u16(..8), length: length(rng) },
        2 if rng.u8(..8) == 0 => {
            Record::CallWithErrno { function: function(rng), earlier, errno: errno(rng) }
        }
        _ => {
            let whole = rng.u8(..4) > 0;
            Record::Call {
                function: function(rng),
                earlier,
                first: if whole { 0 } else { rng.u16(..8) },
                length: if whole { 0 } else { length(rng) },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::naive;

    fn classes_of(cases: &[Case]) -> Vec<Class> {
        cases.iter().map(|case| Trial::of(case, &mut naive()).class()).collect()
    }

    #[test]
    fn a_seed_draws_the_same_valid_cases_each_time() {
        let draw = || {
            let (mut rng, mut reference) = (Rng::with_seed(1), naive());
            Vec::from_iter((0..50).map(|_| valid_case(&mut rng, &mut reference)))
        };
        let drawn = draw();
        assert_eq!(classes_of(&drawn), [Class::Valid; 50]);
        assert_eq!(draw(), drawn);
        let mut rng = Rng::with_seed(1);
        let any = Vec::from_iter((0..50).map(|_| case(&mut rng)));
        assert!(classes_of(&any).contains(&Class::OverRelease));
    }
}
