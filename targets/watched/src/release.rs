//! The functions of the library, with hooks and as they ship.

use put_user_page::{
    Hooks, MemoryMap, PageRef, ReleaseError, put_user_page, put_user_pages, put_user_pages_dirty,
    put_user_pages_dirty_lock, release_in_blocks, unpin_folio, unpin_folios, unpin_in_blocks,
    unpin_user_folio, unpin_user_page, unpin_user_page_range_dirty_lock, unpin_user_pages,
    unpin_user_pages_dirty_lock,
};
use put_user_page_record::Function;

/// Hooks that are known when it runs. With hooks that are known when it is compiled, the
/// functions would be compiled where those are, and no engine would see them.
struct Hooked<'a>(&'a dyn Hooks);

impl Hooks for Hooked<'_> {
    fn set_page_dirty(&self, head: PageRef<'_>) {
        self.0.set_page_dirty(head);
    }

    fn lock_page(&self, head: PageRef<'_>) {
        self.0.lock_page(head);
    }

    fn unlock_page(&self, head: PageRef<'_>) {
        self.0.unlock_page(head);
    }

    fn set_page_dirty_lock(&self, head: PageRef<'_>) {
        self.0.set_page_dirty_lock(head);
    }

    fn free_page(&self, head: PageRef<'_>) {
        self.0.free_page(head);
    }

    fn has_pincount(&self, head: PageRef<'_>) -> bool {
        self.0.has_pincount(head)
    }

    fn is_zero_page(&self, head: PageRef<'_>) -> bool {
        self.0.is_zero_page(head)
    }

    fn pins_acquired(&self, head: PageRef<'_>, pins: i32) {
        self.0.pins_acquired(head, pins);
    }

    fn pins_released(&self, head: PageRef<'_>, pins: i32) {
        self.0.pins_released(head, pins);
    }
}

/// Calls the function on the pages, with these hooks; the index of the entry that stopped it.
pub fn release(
    function: Function,
    map: &MemoryMap<'static>,
    pages: &[PageRef<'static>],
    hooks: &dyn Hooks,
) -> Option<usize> {
    call(function, map, pages, &Hooked(hooks))
}

/// The same with `()`, as users of the library call it.
pub fn release_unhooked(
    function: Function,
    map: &MemoryMap<'static>,
    pages: &[PageRef<'static>],
) -> Option<usize> {
    call(function, map, pages, &())
}

/// As [`release`], but in blocks of two and three entries after a run's second, and with the next
/// run prefetched: each branch is reached with four entries.
pub fn release_in_small_blocks(
    function: Function,
    map: &MemoryMap<'static>,
    pages: &[PageRef<'static>],
    hooks: &dyn Hooks,
) -> Option<usize> {
    let hooks = &Hooked(hooks);
    let release = |mark| release_in_blocks::<1, 3, 2, 1, _>(pages, hooks, mark);
    let unpin = |make_dirty| unpin_in_blocks::<1, 3, 2, 1, _>(pages, make_dirty, hooks);
    let result = match function {
        Function::PutUserPages => release(None),
        Function::PutUserPagesDirty => release(Some(Hooks::set_page_dirty)),
        Function::PutUserPagesDirtyLock => release(Some(Hooks::set_page_dirty_lock)),
        Function::UnpinUserPages | Function::UnpinFolios => unpin(false),
        Function::UnpinUserPagesDirtyLock { make_dirty } => unpin(make_dirty),
        other => return call(other, map, pages, hooks),
    };
    result.err().map(|error| error.entry)
}

fn call(
    function: Function,
    map: &MemoryMap<'static>,
    pages: &[PageRef<'static>],
    hooks: &impl Hooks,
) -> Option<usize> {
    let result = match function {
        Function::PutUserPage => return each(pages, |page| put_user_page(page, hooks)),
        Function::PutUserPages => put_user_pages(pages, hooks),
        Function::PutUserPagesDirty => put_user_pages_dirty(pages, hooks),
        Function::PutUserPagesDirtyLock => put_user_pages_dirty_lock(pages, hooks),
        Function::UnpinUserPage => return each(pages, |page| unpin_user_page(page, hooks)),
        Function::UnpinUserPages => unpin_user_pages(pages, hooks),
        Function::UnpinUserPagesDirtyLock { make_dirty } => {
            unpin_user_pages_dirty_lock(pages, make_dirty, hooks)
        }
        Function::UnpinUserPageRangeDirtyLock { make_dirty } => match pages.first() {
            Some(&first) => {
                unpin_user_page_range_dirty_lock(map, first, pages.len(), make_dirty, hooks)
            }
            None => Ok(()),
        },
        Function::UnpinFolio => return each(pages, |page| unpin_folio(page, hooks)),
        Function::UnpinFolios => unpin_folios(pages, hooks),
        Function::UnpinUserFolio => return unpin_runs(pages, hooks),
    };
    result.err().map(|error| error.entry)
}

/// A function of one page, for each entry by itself.
fn each<'map>(
    pages: &[PageRef<'map>],
    release: impl Fn(PageRef<'map>) -> Result<(), ReleaseError>,
) -> Option<usize> {
    pages.iter().position(|&page| release(page).is_err())
}

/// unpin_user_folio() for each run.
fn unpin_runs(pages: &[PageRef<'_>], hooks: &impl Hooks) -> Option<usize> {
    let mut start = 0;
    for run in pages.chunk_by(|one, other| one.compound_head() == other.compound_head()) {
        if let Err(error) = unpin_user_folio(run[0], run.len(), hooks) {
            return Some(start + error.entry);
        }
        start += run.len();
    }
    None
}
