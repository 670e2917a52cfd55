//! What the four functions became: releasing pins, entry by entry, by the rules of a profile.
//!
//! The functions that take an array differ from each other only in what they mark, and in how
//! the kernel is told which pages: an array of pages or of folios, a range, a folio and a number.

use crate::memory::Memory;
use crate::release::EntryWithoutReference;

/// Releases one pin.
///
/// # Errors
///
/// The page has no pin left.
pub fn unpin_user_page(memory: &mut Memory, page: usize) -> Result<(), EntryWithoutReference> {
    unpin_user_pages(memory, &[page])
}

/// Releases a pin of every page of the array.
///
/// # Errors
///
/// The first entry whose page has no pin left.
pub fn unpin_user_pages(memory: &mut Memory, pages: &[usize]) -> Result<(), EntryWithoutReference> {
    unpin_user_pages_dirty_lock(memory, pages, false)
}

/// Marks every page of the array dirty that is clean, under its lock, if it is to; then releases
/// a pin of it.
///
/// # Errors
///
/// The first entry whose page has no pin left.
pub fn unpin_user_pages_dirty_lock(
    memory: &mut Memory,
    pages: &[usize],
    make_dirty: bool,
) -> Result<(), EntryWithoutReference> {
    for (index, &entry) in pages.iter().enumerate() {
        let page = memory.compound_head(entry);
        if memory.pins(page) == 0 {
            return Err(EntryWithoutReference(index));
        }
        if make_dirty && !memory.page(page).dirty {
            memory.set_page_dirty_lock(page);
        }
        memory.unpin_page(page);
    }
    Ok(())
}
