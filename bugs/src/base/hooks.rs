//! What ships, with hooks that may be others.

use put_user_page::{Hooks, PageRef};
use put_user_page_targets::backends::Recorder;
use put_user_page_watched::release;

use super::Call;

/// What is done where the release path calls a hook.
#[derive(Clone, Copy, Debug)]
pub struct FaultyHooks {
    /// Marks a page dirty.
    pub set_page_dirty: fn(&Recorder, PageRef<'_>),
    /// Waits for the page lock and takes it.
    pub lock_page: fn(&Recorder, PageRef<'_>),
    /// Gives the page lock back.
    pub unlock_page: fn(&Recorder, PageRef<'_>),
    /// Takes the three steps above.
    pub set_page_dirty_lock: fn(&Bound<'_>, PageRef<'_>),
    /// Takes a page out of use.
    pub free_page: fn(&Recorder, PageRef<'_>),
}

/// The hooks as they are to be.
pub const HOOKS: FaultyHooks = FaultyHooks {
    set_page_dirty: |recorder, head| recorder.set_page_dirty(head),
    lock_page: |recorder, head| recorder.lock_page(head),
    unlock_page: |recorder, head| recorder.unlock_page(head),
    set_page_dirty_lock: |hooks, head| {
        hooks.lock_page(head);
        hooks.set_page_dirty(head);
        hooks.unlock_page(head);
    },
    free_page: |recorder, head| recorder.free_page(head),
};

/// Hooks that tell a recorder.
#[derive(Debug)]
pub struct Bound<'a> {
    hooks: FaultyHooks,
    /// Whom they tell.
    pub recorder: &'a Recorder,
}

impl FaultyHooks {
    /// Releases the entries of a call with these hooks; the index of the one that stopped it.
    pub fn run(&self, call: &Call<'_>) -> Option<usize> {
        let hooks = Bound { hooks: *self, recorder: call.recorder };
        release(call.function, &call.recorder.map(), call.pages, &hooks)
    }
}

impl Hooks for Bound<'_> {
    fn set_page_dirty(&self, head: PageRef<'_>) {
        (self.hooks.set_page_dirty)(self.recorder, head);
    }

    fn lock_page(&self, head: PageRef<'_>) {
        (self.hooks.lock_page)(self.recorder, head);
    }

    fn unlock_page(&self, head: PageRef<'_>) {
        (self.hooks.unlock_page)(self.recorder, head);
    }

    fn set_page_dirty_lock(&self, head: PageRef<'_>) {
        (self.hooks.set_page_dirty_lock)(self, head);
    }

    fn free_page(&self, head: PageRef<'_>) {
        (self.hooks.free_page)(self.recorder, head);
    }
}
