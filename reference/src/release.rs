//! The patch: four functions, each a loop over the entries.
//!
//! A page is named by its page frame number.

use crate::memory::Memory;

/// The call stopped at this entry of the array: its page had no reference left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryWithoutReference(pub usize);

/// Releases one page.
///
/// # Errors
///
/// The page has no reference left.
pub fn put_user_page(memory: &mut Memory, page: usize) -> Result<(), EntryWithoutReference> {
    put_user_pages(memory, &[page])
}

/// Releases every page of the array.
///
/// # Errors
///
/// The first entry whose page has no reference left.
pub fn put_user_pages(memory: &mut Memory, pages: &[usize]) -> Result<(), EntryWithoutReference> {
    for (index, &entry) in pages.iter().enumerate() {
        let page = memory.compound_head(entry);
        check(memory, page, index)?;
        memory.put_page(page);
    }
    Ok(())
}

/// Marks every page of the array dirty that is clean, then releases it.
///
/// # Errors
///
/// The first entry whose page has no reference left.
pub fn put_user_pages_dirty(
    memory: &mut Memory,
    pages: &[usize],
) -> Result<(), EntryWithoutReference> {
    put_user_pages_dirty_with(memory, pages, Memory::set_page_dirty)
}

/// Marks every page of the array dirty that is clean, under its lock, then releases it.
///
/// # Errors
///
/// The first entry whose page has no reference left.
pub fn put_user_pages_dirty_lock(
    memory: &mut Memory,
    pages: &[usize],
) -> Result<(), EntryWithoutReference> {
    put_user_pages_dirty_with(memory, pages, Memory::set_page_dirty_lock)
}

fn put_user_pages_dirty_with(
    memory: &mut Memory,
    pages: &[usize],
    set_dirty: fn(&mut Memory, usize),
) -> Result<(), EntryWithoutReference> {
    for (index, &entry) in pages.iter().enumerate() {
        let page = memory.compound_head(entry);
        check(memory, page, index)?;
        if !memory.page(page).dirty {
            set_dirty(memory, page);
        }
        memory.put_page(page);
    }
    Ok(())
}

/// What the kernel leaves undefined: releasing a page that has no reference.
fn check(memory: &Memory, page: usize, index: usize) -> Result<(), EntryWithoutReference> {
    if memory.page(page).refcount <= 0 {
        return Err(EntryWithoutReference(index));
    }
    Ok(())
}
