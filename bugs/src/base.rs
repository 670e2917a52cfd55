//! What is right, for bugs to differ from.

mod entries;
mod hooks;
mod nulls;
mod runs;
mod unpins;

use put_user_page::{Hooks, PageRef};
use put_user_page_case::Function;
use put_user_page_targets::backends::Recorder;
use put_user_page_watched::release;

pub use entries::{Entry, STEPS, Steps};
pub use hooks::{Bound, FaultyHooks, HOOKS};
pub use nulls::{GUARDING, NULLS, Nulls, SKIPPING, is_of_one_page};
pub use runs::{RUNS, RunOf, Runs, distance, span};
pub use unpins::{BIAS, Pins, UNPINS, Unpins};

/// A call: what is to be released, and whom to tell what was done.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// What is called.
    pub function: Function,
    /// The entries.
    pub pages: &'a [PageRef<'static>],
    /// Does the work of the hooks, and keeps what happened.
    pub recorder: &'a Recorder,
    /// The frame behind the last compound page that an entry names.
    end: usize,
}

impl<'a> Call<'a> {
    /// A call of this function on these pages.
    pub fn new(
        function: Function,
        pages: &'a [PageRef<'static>],
        recorder: &'a Recorder,
    ) -> Call<'a> {
        let last = pages.iter().map(|page| page.compound_head()).max();
        let end = last.map_or(0, |head| recorder.map().frame(head) + (1 << head.compound_order()));
        Call { function, pages, recorder, end }
    }
}

impl Call<'_> {
    /// Whether pages are locked to be marked.
    pub fn locks(&self) -> bool {
        self.function.locks()
    }

    /// Releases these pages, rightly: what ships does it.
    pub fn release(&self, pages: &[PageRef<'static>]) -> Option<usize> {
        release(self.function, &self.recorder.map(), pages, self.recorder)
    }

    /// Marks a page dirty if it is clean and the function marks pages.
    pub fn mark(&self, page: PageRef<'static>) {
        if self.function.marks_dirty() && !page.is_dirty() {
            self.mark_clean(page);
        }
    }

    /// Marks a page dirty as the function does, whatever it is.
    pub fn mark_clean(&self, page: PageRef<'static>) {
        if self.locks() {
            self.recorder.set_page_dirty_lock(page);
        } else {
            self.recorder.set_page_dirty(page);
        }
    }

    /// Drops references of a page, and frees it if those were the last.
    pub fn put(&self, page: PageRef<'static>, references: i32) {
        page.set_refcount(page.refcount().wrapping_sub(references));
        if page.refcount() == 0 {
            self.recorder.free_page(page);
        }
    }

    /// Whether a head page is the huge zero page.
    pub fn is_huge_zero_page(&self, head: PageRef<'static>) -> bool {
        self.recorder.is_huge_zero_page(head)
    }

    /// The page so many frames behind another. None further than one behind all that the entries
    /// name: what is written there might be found by the cases that follow.
    pub fn behind(&self, page: PageRef<'static>, frames: usize) -> Option<PageRef<'static>> {
        let map = self.recorder.map();
        let frame = map.frame(page) + frames;
        map.page(frame).filter(|_| frame <= self.end)
    }
}
