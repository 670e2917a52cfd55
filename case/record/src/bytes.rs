//! Records as bytes: the table of docs/case-format.md.

use crate::record::{
    Backing, Direction, EntriesRecord, FolioRecord, Function, Kind, Record, Source,
};

/// The size of every record in bytes.
pub const RECORD_SIZE: usize = 8;

/// The longest range or slice that a record can hold.
pub const MAX_RANGE: u16 = 0x0fff;

/// The longest gap that a record can hold, in frames.
pub const MAX_GAP: u16 = 0x03ff;

const FOLIO: u8 = 0;
const GAP: u8 = 1;
const ENTRIES: u8 = 2;
const AGAIN: u8 = 3;
const CALL: u8 = 4;
const ACQUIRE: u8 = 5;
const CLEAN: u8 = 6;
const LONG: u8 = 7;
const PINS: u8 = 8;
const NULLS: u8 = 9;
const CALL_WITH_ERRNO: u8 = 10;

const ORDERS: u8 = 11;
const FILE: u8 = 1 << 0;
const DIRTY: u8 = 1 << 1;
const LOCKED: u8 = 1 << 2;
const ANCHOR_SHIFT: u8 = 6;
/// In the upper byte of `c`, all of it: an offset may lead below zero.
const BELOW_ZERO: u8 = 0xff;
const UNBACKED: u8 = 1 << 0;
const ALSO: u8 = 1 << 1;
/// Of `again`, where `entries` and `pins` have [`ALSO`].
const PINNED: u8 = 1 << 1;

/// Both bits: the number is one that the small mask has no room for.
const LARGE: u8 = 3 << 4;
const SMALL_RANGE: u16 = 0x003f;
const MAX_REPEAT: u16 = 0x00ff;
const SMALL_REPEAT: u16 = 0x000f;

const ANCHORS: [i32; 4] = [0, 1, 1024, i32::MAX];

/// The parts of a record as it lies in memory.
struct Raw {
    kind: u8,
    number: u8,
    flags: u8,
    a: u16,
    b: u16,
    c: u16,
}

impl Raw {
    fn from_bytes(bytes: [u8; RECORD_SIZE]) -> Raw {
        let [tag, flags, a0, a1, b0, b1, c0, c1] = bytes;
        Raw {
            kind: tag >> 4,
            number: tag & 0x0f,
            flags,
            a: u16::from_le_bytes([a0, a1]),
            b: u16::from_le_bytes([b0, b1]),
            c: u16::from_le_bytes([c0, c1]),
        }
    }

    /// A number that is small unless both bits of [`LARGE`] are set, so that bytes drawn at
    /// random make small worlds.
    fn size(&self, size: u16, small: u16, large: u16) -> u16 {
        size & if self.flags & LARGE == LARGE { large } else { small }
    }

    fn to_bytes(&self) -> [u8; RECORD_SIZE] {
        let ([a0, a1], [b0, b1], [c0, c1]) =
            (self.a.to_le_bytes(), self.b.to_le_bytes(), self.c.to_le_bytes());
        [self.kind << 4 | self.number, self.flags, a0, a1, b0, b1, c0, c1]
    }
}

/// The record that these bytes hold, normalised; `None` for a reserved one.
pub fn decode(bytes: [u8; RECORD_SIZE]) -> Option<Record> {
    let raw = Raw::from_bytes(bytes);
    Some(match raw.kind {
        FOLIO => Record::Folio(decode_folio(&raw)),
        GAP => Record::Gap { frames: raw.a & MAX_GAP },
        ENTRIES => Record::Entries(decode_entries(&raw, Backing::Got)),
        PINS => Record::Entries(decode_entries(&raw, Backing::Pinned)),
        AGAIN => Record::Again {
            start: raw.a,
            length: raw.size(raw.b, SMALL_RANGE, MAX_RANGE),
            backing: match raw.flags & (UNBACKED | PINNED) {
                0 => Backing::Got,
                PINNED => Backing::Pinned,
                _ => Backing::Unbacked,
            },
        },
        CALL => Record::Call {
            function: decode_function(raw.number),
            earlier: raw.a,
            first: raw.b,
            length: raw.c,
        },
        ACQUIRE => Record::Acquire { earlier: raw.a },
        CLEAN => Record::Clean { first: raw.a, length: raw.b & MAX_RANGE },
        // One number of sixteen, for bytes drawn at random are to make small worlds.
        LONG if raw.number == 0 => Record::Long,
        // The same, for few who release pages can be given a NULL ...
        NULLS if raw.number == 0 => Record::Entries(decode_entries(&raw, Backing::Null)),
        // ... or an errno.
        CALL_WITH_ERRNO => Record::CallWithErrno {
            function: decode_function(raw.number),
            earlier: raw.a,
            errno: errno(raw.c)?,
        },
        _ => return None,
    })
}

fn decode_folio(raw: &Raw) -> FolioRecord {
    let anchor = ANCHORS[usize::from(raw.flags >> ANCHOR_SHIFT)];
    let offset = i32::from(raw.b.to_le_bytes()[0].cast_signed());
    let [source, below_zero] = raw.c.to_le_bytes();
    // One number of 256, for bytes drawn at random are to have references.
    let least = if below_zero == BELOW_ZERO { i32::MIN } else { 0 };
    let record = FolioRecord {
        order: raw.number % ORDERS,
        kind: if raw.flags & FILE != 0 { Kind::File } else { Kind::Anon },
        dirty: raw.flags & DIRTY != 0,
        locked: raw.flags & LOCKED != 0,
        refs: anchor.saturating_add(offset).max(least),
        repeat: raw.size(raw.a, SMALL_REPEAT, MAX_REPEAT) + 1,
        // All other numbers are the kernel too: bytes drawn at random seldom name a mapping.
        from: Source::ALL.get(usize::from(source)).copied().unwrap_or(Source::Kernel),
    };
    record.normalised()
}

/// The numbers that name no function are their two lower bits.
fn decode_function(number: u8) -> Function {
    let named = Function::ALL.get(usize::from(number)).copied();
    named.unwrap_or(Function::PUT[usize::from(number & 3)])
}

/// The errno without its sign that a length is the negative of; `None` for all but 255 numbers.
fn errno(length: u16) -> Option<u8> {
    u8::try_from(length.wrapping_neg()).ok().filter(|errno| *errno > 0)
}

fn decode_entries(raw: &Raw, backing: Backing) -> EntriesRecord {
    let may_be_unbacked = backing != Backing::Null;
    let record = EntriesRecord {
        first: raw.a,
        length: raw.size(raw.b, SMALL_RANGE, MAX_RANGE),
        direction: match raw.number % 3 {
            0 => Direction::Up,
            1 => Direction::Same,
            _ => Direction::Down,
        },
        backing: match raw.flags & UNBACKED {
            UNBACKED if may_be_unbacked => Backing::Unbacked,
            _ => backing,
        },
        also: raw.flags & ALSO != 0,
    };
    record.normalised()
}

/// The canonical bytes of a record.
pub fn encode(record: &Record) -> [u8; RECORD_SIZE] {
    let raw = match *record {
        Record::Folio(ref folio) => encode_folio(folio),
        Record::Gap { frames } => Raw { kind: GAP, a: frames, ..EMPTY },
        Record::Entries(ref entries) => Raw {
            kind: match entries.backing {
                Backing::Unbacked | Backing::Got => ENTRIES,
                Backing::Pinned => PINS,
                Backing::Null => NULLS,
            },
            number: match entries.direction {
                // NULLs have none, and one number.
                _ if entries.backing == Backing::Null => 0,
                Direction::Up => 0,
                Direction::Same => 1,
                Direction::Down => 2,
            },
            flags: flag(UNBACKED, entries.backing == Backing::Unbacked)
                | flag(ALSO, entries.also)
                | flag(LARGE, entries.length > SMALL_RANGE),
            a: entries.first,
            b: entries.length,
            ..EMPTY
        },
        Record::Again { start, length, backing } => {
            let flags = flag(UNBACKED, backing == Backing::Unbacked)
                | flag(PINNED, backing == Backing::Pinned)
                | flag(LARGE, length > SMALL_RANGE);
            Raw { kind: AGAIN, flags, a: start, b: length, ..EMPTY }
        }
        Record::Call { function, earlier, first, length } => {
            Raw { kind: CALL, number: function.number(), a: earlier, b: first, c: length, ..EMPTY }
        }
        Record::CallWithErrno { function, earlier, errno } => {
            let (number, c) = (function.number(), u16::from(errno).wrapping_neg());
            Raw { kind: CALL_WITH_ERRNO, number, a: earlier, c, ..EMPTY }
        }
        Record::Acquire { earlier } => Raw { kind: ACQUIRE, a: earlier, ..EMPTY },
        Record::Clean { first, length } => Raw { kind: CLEAN, a: first, b: length, ..EMPTY },
        Record::Long => Raw { kind: LONG, ..EMPTY },
    };
    raw.to_bytes()
}

const EMPTY: Raw = Raw { kind: 0, number: 0, flags: 0, a: 0, b: 0, c: 0 };

fn flag(bit: u8, set: bool) -> u8 {
    if set { bit } else { 0 }
}

fn encode_folio(folio: &FolioRecord) -> Raw {
    let (anchor, offset) = anchor_and_offset(folio.refs)
        .expect("refs of a record are always some anchor plus a small offset");
    Raw {
        kind: FOLIO,
        number: folio.order,
        flags: flag(FILE, folio.kind == Kind::File)
            | flag(DIRTY, folio.dirty)
            | flag(LOCKED, folio.locked)
            | flag(LARGE, folio.repeat - 1 > SMALL_REPEAT)
            | anchor << ANCHOR_SHIFT,
        a: folio.repeat - 1,
        b: u16::from(offset.cast_unsigned()),
        c: u16::from_le_bytes([folio.from as u8, flag(BELOW_ZERO, folio.refs < 0)]),
    }
}

/// The first anchor that `refs` can be reached from, and the offset from there; `None`
/// where the format cannot write the number.
pub fn anchor_and_offset(refs: i32) -> Option<(u8, i8)> {
    (0..).zip(ANCHORS).find_map(|(number, anchor)| {
        let offset = i8::try_from(i64::from(refs) - i64::from(anchor)).ok()?;
        Some((number, offset))
    })
}
