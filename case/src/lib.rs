//! The forms of a case: bytes, text, records, and the world that they describe, in Rust and
//! in C. The ground that backends here and in a kernel stand on: it knows no implementation
//! of put_user_page*(), and nothing is run here.
//!
//! ```
//! use put_user_page_case::Case;
//! use put_user_page_case::world::World;
//!
//! let case = Case::from_text("folio a order=2\nentries a[0..4]\nput_user_pages\n")?;
//! assert_eq!(Case::decode(&case.encode()), case);
//! assert_eq!(World::of(&case).entries.len(), 4);
//! # Ok::<(), put_user_page_case::TextError>(())
//! ```

mod arbitrary;
mod canonical_c;
mod case;
pub mod layout;
pub mod minimize;
mod orders;
pub mod small;
#[cfg(test)]
mod tests;
pub mod text;
mod work;
pub mod world;
pub mod world_in_c;

pub use canonical_c::{CanonicalError, decode_canonical};
pub use case::Case;
pub use put_user_page_record::{
    Backing, Direction, EntriesRecord, FolioRecord, Function, HUGETLB_ORDER, Kind, MAX_GAP,
    MAX_RANGE, RECORD_SIZE, Record, Source, anchor_and_offset,
};
pub use text::TextError;
