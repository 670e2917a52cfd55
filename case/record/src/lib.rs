//! The records of a case, and the decoder of their bytes. A crate of its own, for engines see
//! its branches and compares, by which inputs are steered, and none of the rest of the case
//! (`scripts/rustc`).

mod bytes;
mod record;

pub use bytes::{MAX_GAP, MAX_RANGE, RECORD_SIZE, anchor_and_offset, decode, encode};
pub use record::{
    Backing, Direction, EntriesRecord, FolioRecord, Function, HUGETLB_ORDER, Kind, Record, Source,
};
