//! Taking references, as get_user_pages() takes them.

use crate::page::PageRef;

/// Takes one reference for each entry, on its head page, in array order, and returns
/// for how many entries that was done.
///
/// As in get_user_pages(), the first page that cannot be had ends it: one that is free
/// (refcount zero or less), or one whose refcount is `i32::MAX`. The entries before it
/// are pinned, the entry and those after it are not.
pub fn get_user_pages(pages: &[PageRef<'_>]) -> usize {
    pages.iter().take_while(|page| page.compound_head().try_get()).count()
}
