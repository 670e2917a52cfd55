//! How much work a case is, told from its records.

use crate::case::Case;
use crate::layout::MAX_FRAMES;
use crate::world::MAX_LONG_ENTRIES;
use put_user_page_record::Record;

/// So many frames are as much work as an entry.
const FRAMES_OF_AN_ENTRY: usize = 2;

impl Case {
    /// About how many entries are filled, acquired and released when the case runs, and how many
    /// frames are built and compared, of which several are as much work as an entry. It is told
    /// from the records alone, and where they ask for more than a case can have it may be more
    /// than there is.
    pub fn work(&self) -> usize {
        let (mut frames, mut entries, mut calls) = (0_usize, 0_usize, 0_usize);
        for record in &self.records {
            match *record {
                Record::Folio(ref folio) => frames += usize::from(folio.repeat) << folio.order,
                Record::Gap { frames: gap } => frames += usize::from(gap),
                Record::Entries(ref record) => entries += usize::from(record.length),
                Record::Again { length, .. } => entries += usize::from(length).min(entries),
                Record::Call { length: 0, .. } | Record::Acquire { .. } => calls += entries,
                Record::Call { length, .. } => calls += usize::from(length).min(entries),
                Record::Clean { length, .. } => calls += usize::from(length).min(frames),
                Record::CallWithErrno { .. } | Record::Long => {}
            }
            entries = entries.min(MAX_LONG_ENTRIES);
        }
        frames.min(MAX_FRAMES) / FRAMES_OF_AN_ENTRY + entries + calls
    }
}
