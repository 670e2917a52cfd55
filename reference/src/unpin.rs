//! What the four functions became: releasing pins, entry by entry, by the rules of a profile.
//!
//! The functions that take an array differ from each other in what they mark, in what they make of
//! a NULL and of an errno, and in how the kernel is told which pages: an array of pages or of
//! folios, a range, a folio and a number.

use crate::memory::{Memory, NULL};
use crate::profile::{Null, Profile};
use crate::release::EntryWithoutReference;

/// Releases one pin.
///
/// # Errors
///
/// The page has no pin left, or is NULL.
pub fn unpin_user_page(memory: &mut Memory, page: usize) -> Result<(), EntryWithoutReference> {
    unpin(memory, page, 0, false)
}

/// Releases a pin of every page of the array.
///
/// # Errors
///
/// The first entry whose page has no pin left, or that is a NULL which is not skipped.
pub fn unpin_user_pages(memory: &mut Memory, pages: &[usize]) -> Result<(), EntryWithoutReference> {
    let skips = memory.profile.null == Null::SkippedAtRunStart;
    for (index, &entry) in pages.iter().enumerate() {
        let is_behind_page = index > 0 && pages[index - 1] != NULL;
        if entry == NULL && skips && !is_behind_page {
            continue;
        }
        unpin(memory, entry, index, false)?;
    }
    Ok(())
}

/// Marks every page of the array dirty that is clean, under its lock, if it is to; then releases
/// a pin of it. Where it marks none it is unpin_user_pages().
///
/// # Errors
///
/// The first entry whose page has no pin left, or that is NULL.
pub fn unpin_user_pages_dirty_lock(
    memory: &mut Memory,
    pages: &[usize],
    make_dirty: bool,
) -> Result<(), EntryWithoutReference> {
    if !make_dirty {
        return unpin_user_pages(memory, pages);
    }
    for (index, &entry) in pages.iter().enumerate() {
        unpin(memory, entry, index, true)?;
    }
    Ok(())
}

/// Releases a pin of every folio of the array, and skips each NULL.
///
/// # Errors
///
/// The first entry whose folio has no pin left.
pub fn unpin_folios(memory: &mut Memory, folios: &[usize]) -> Result<(), EntryWithoutReference> {
    for (index, &entry) in folios.iter().enumerate() {
        if entry != NULL {
            unpin(memory, entry, index, false)?;
        }
    }
    Ok(())
}

/// What a negative errno as the length of an array comes to in unpin_user_pages() and
/// unpin_folios(): nothing but a warning where they guard against it.
///
/// # Errors
///
/// They do not: it is a length that no array has.
pub fn takes_errno(profile: &Profile) -> Result<(), EntryWithoutReference> {
    if profile.guards_errno { Ok(()) } else { Err(EntryWithoutReference(0)) }
}

/// Marks the page of an entry, if it is to, and releases a pin of it.
fn unpin(
    memory: &mut Memory,
    entry: usize,
    index: usize,
    make_dirty: bool,
) -> Result<(), EntryWithoutReference> {
    let head = memory.head_of_entry(entry).filter(|&page| memory.pins(page) != 0);
    let page = head.ok_or(EntryWithoutReference(index))?;
    if make_dirty && !memory.page(page).dirty {
        memory.set_page_dirty_lock(page);
    }
    memory.unpin_page(page);
    Ok(())
}
