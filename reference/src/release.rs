//! The patch: four functions, each a loop over the entries.
//!
//! A page is named by its page frame number, and no page by [`NULL`](crate::NULL).

use crate::memory::Memory;

/// The call stopped at this entry of the array: its page had no reference left, or it was NULL.
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
        let page = head_with_reference(memory, entry, index)?;
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
        let page = head_with_reference(memory, entry, index)?;
        if !memory.page(page).dirty {
            set_dirty(memory, page);
        }
        memory.put_page(page);
    }
    Ok(())
}

/// The entry's head page, but for what the kernel leaves undefined: a page that has no reference,
/// or none at all.
fn head_with_reference(
    memory: &Memory,
    entry: usize,
    index: usize,
) -> Result<usize, EntryWithoutReference> {
    let head = memory.head_of_entry(entry).filter(|&page| memory.page(page).refcount > 0);
    head.ok_or(EntryWithoutReference(index))
}
