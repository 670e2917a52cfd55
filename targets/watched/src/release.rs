//! The four functions of the library, with hooks and as they ship.

use put_user_page::{
    Hooks, PageRef, put_user_page, put_user_pages, put_user_pages_dirty, put_user_pages_dirty_lock,
    release_in_blocks,
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
}

/// Calls the function on the pages, with these hooks; the index of the entry that stopped it.
pub fn release(function: Function, pages: &[PageRef<'_>], hooks: &dyn Hooks) -> Option<usize> {
    call(function, pages, &Hooked(hooks))
}

/// The same with `()`, as users of the library call it.
pub fn release_unhooked(function: Function, pages: &[PageRef<'_>]) -> Option<usize> {
    call(function, pages, &())
}

/// As [`release`], but in blocks of two and three entries after a run's second, and with the next
/// run prefetched: each branch is reached with four entries.
pub fn release_in_small_blocks(
    function: Function,
    pages: &[PageRef<'_>],
    hooks: &dyn Hooks,
) -> Option<usize> {
    let hooks = &Hooked(hooks);
    let release = |mark| release_in_blocks::<1, 3, 2, 1, _>(pages, hooks, mark);
    let result = match function {
        Function::PutUserPage => return put_each(pages, hooks),
        Function::PutUserPages => release(None),
        Function::PutUserPagesDirty => release(Some(Hooks::set_page_dirty)),
        Function::PutUserPagesDirtyLock => release(Some(Hooks::set_page_dirty_lock)),
    };
    result.err().map(|error| error.entry)
}

fn call(function: Function, pages: &[PageRef<'_>], hooks: &impl Hooks) -> Option<usize> {
    let result = match function {
        Function::PutUserPage => return put_each(pages, hooks),
        Function::PutUserPages => put_user_pages(pages, hooks),
        Function::PutUserPagesDirty => put_user_pages_dirty(pages, hooks),
        Function::PutUserPagesDirtyLock => put_user_pages_dirty_lock(pages, hooks),
    };
    result.err().map(|error| error.entry)
}

/// put_user_page() for each entry by itself, as callers of the patch's time did.
fn put_each(pages: &[PageRef<'_>], hooks: &impl Hooks) -> Option<usize> {
    pages.iter().position(|&page| put_user_page(page, hooks).is_err())
}
