//! Cases: bytes and text in, records out.

use std::fmt;

use put_user_page_record::{self as record, Backing, EntriesRecord, Function, RECORD_SIZE, Record};

use crate::text::{self, TextError};

/// A world and a program, as a list of records. See docs/case-format.md.
///
/// Its `Debug` is the text form, which is what `cargo fuzz fmt` and property tests print.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Case {
    /// The records, each normalised.
    pub records: Vec<Record>,
}

impl Case {
    /// The case that these bytes are. Every byte string is one.
    pub fn decode(bytes: &[u8]) -> Case {
        let mut case = Case::default();
        case.decode_from(bytes);
        case
    }

    /// Becomes the case that these bytes are, in the memory that this one has.
    pub fn decode_from(&mut self, bytes: &[u8]) {
        self.records.clear();
        let (whole, _rest) = bytes.as_chunks::<RECORD_SIZE>();
        self.records.extend(whole.iter().filter_map(|&record| record::decode(record)));
    }

    /// The canonical bytes of the case: [`decode`](Case::decode) gives it back.
    pub fn encode(&self) -> Vec<u8> {
        self.records.iter().flat_map(record::encode).collect()
    }

    /// Writes the canonical bytes of the case into memory of their length.
    ///
    /// # Panics
    ///
    /// `bytes` is not [`RECORD_SIZE`] bytes for each record.
    pub fn encode_to(&self, bytes: &mut [u8]) {
        let (records, _) = bytes.as_chunks_mut::<RECORD_SIZE>();
        assert_eq!(records.len(), self.records.len());
        for (bytes, record) in records.iter_mut().zip(&self.records) {
            *bytes = record::encode(record);
        }
    }

    /// The text form.
    pub fn to_text(&self) -> String {
        text::print(&self.records)
    }

    /// The case that a text is.
    ///
    /// # Errors
    ///
    /// The first thing in it that is not of the text form.
    pub fn from_text(text: &str) -> Result<Case, TextError> {
        Ok(Case { records: text::parse(text)? })
    }

    /// Makes every call a call of `function`, and holds entries by what that releases: what a
    /// target for one function does.
    pub fn call_only(&mut self, only: Function) {
        let held = if only.unpins() { Backing::Pinned } else { Backing::Got };
        for record in &mut self.records {
            match record {
                Record::Call { function, .. } | Record::CallWithErrno { function, .. } => {
                    *function = only;
                }
                Record::Entries(EntriesRecord { backing, .. }) | Record::Again { backing, .. }
                    if backing.is_backed() =>
                {
                    *backing = held;
                }
                _ => {}
            }
        }
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_text())
    }
}
