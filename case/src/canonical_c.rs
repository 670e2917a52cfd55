//! The C decoder, `c/decode.c`, called from Rust so that the two can be held against
//! each other.

use put_user_page_record::RECORD_SIZE;
use put_user_page_record::{
    Backing, Direction, EntriesRecord, FolioRecord, Function, Kind, Record, Source,
};

/// `struct case_record` of `c/decode.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct CaseRecord {
    kind: u8,
    order: u8,
    function: u8,
    step: i8,
    file: u8,
    dirty: u8,
    locked: u8,
    backing: u8,
    also: u8,
    from: u8,
    repeat: u16,
    frames: u16,
    first: u16,
    length: u16,
    earlier: u16,
    refs: i32,
}

const _: () = assert!(size_of::<CaseRecord>() == 24);

unsafe extern "C" {
    fn case_decode(
        bytes: *const u8,
        len: usize,
        records: *mut CaseRecord,
        max: usize,
        count: *mut usize,
        bad: *mut usize,
    ) -> u32;
}

/// Why the C decoder took some bytes for not canonical.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CanonicalError {
    /// The last record is not whole.
    NotWhole,
    /// The record with this index has a reserved type.
    ReservedType(usize),
    /// The record with this index would be encoded in another way.
    NotCanonical(usize),
}

/// Decodes canonical bytes with the C decoder.
///
/// # Errors
///
/// The bytes are not canonical.
///
/// # Panics
///
/// The C decoder breaks its own promises.
pub fn decode_canonical(bytes: &[u8]) -> Result<Vec<Record>, CanonicalError> {
    let mut records = Vec::new();
    decode_records(bytes, &mut records)?;
    Ok(records.iter().map(from_c).collect())
}

/// Decodes canonical bytes with the C decoder, and leaves the records as C has them.
pub(crate) fn decode_records(
    bytes: &[u8],
    records: &mut Vec<CaseRecord>,
) -> Result<(), CanonicalError> {
    records.clear();
    records.resize(bytes.len() / RECORD_SIZE, CaseRecord::default());
    let (mut count, mut bad) = (0, 0);
    // SAFETY: the pointers and lengths are those of live slices, `records` has room for as
    // many records as is said, and its type mirrors the C one field by field.
    let error = unsafe {
        case_decode(
            bytes.as_ptr(),
            bytes.len(),
            records.as_mut_ptr(),
            records.len(),
            &raw mut count,
            &raw mut bad,
        )
    };
    match error {
        0 => {
            records.truncate(count);
            Ok(())
        }
        1 => Err(CanonicalError::NotWhole),
        2 => Err(CanonicalError::ReservedType(bad)),
        3 => Err(CanonicalError::NotCanonical(bad)),
        error => panic!("case_decode() returned {error} for room enough"),
    }
}

/// `enum case_backing`.
pub(crate) fn backing(number: u8) -> Backing {
    match number {
        0 => Backing::Unbacked,
        1 => Backing::Got,
        2 => Backing::Pinned,
        3 => Backing::Null,
        number => panic!("the C code gave an entry that is held in a way numbered {number}"),
    }
}

fn from_c(record: &CaseRecord) -> Record {
    let CaseRecord { order, first, length, earlier, .. } = *record;
    let backing = backing(record.backing);
    match record.kind {
        0 => Record::Folio(FolioRecord {
            order,
            kind: if record.file != 0 { Kind::File } else { Kind::Anon },
            dirty: record.dirty != 0,
            locked: record.locked != 0,
            refs: record.refs,
            repeat: record.repeat,
            from: Source::ALL[usize::from(record.from)],
        }),
        1 => Record::Gap { frames: record.frames },
        2 | 8 | 9 => Record::Entries(EntriesRecord {
            first,
            length,
            direction: match record.step {
                1 => Direction::Up,
                0 => Direction::Same,
                _ => Direction::Down,
            },
            backing,
            also: record.also != 0,
        }),
        3 => Record::Again { start: first, length, backing },
        4 => Record::Call {
            function: Function::ALL[usize::from(record.function)],
            earlier,
            first,
            length,
        },
        10 => Record::CallWithErrno {
            function: Function::ALL[usize::from(record.function)],
            earlier,
            errno: length as u8,
        },
        5 => Record::Acquire { earlier },
        6 => Record::Clean { first, length },
        7 => Record::Long,
        kind => panic!("case_decode() gave a record of type {kind}"),
    }
}
