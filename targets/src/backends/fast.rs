//! The fast implementation as backends: as it ships, with hooks that tell what it does, and
//! looking at few entries at a time.

use put_user_page::{Hooks, PageRef};
use put_user_page_case::Function;
use put_user_page_watched::{release, release_in_small_blocks, release_unhooked};

use super::in_process::InProcess;
use super::page_map::{PageMap, Recorder, Release};
use crate::backend::{Events, Observes};

/// The four functions of `put_user_page`, with hooks that do what `()` does and record it: as they
/// are, or with blocks so small that arrays of four entries reach every branch.
#[derive(Debug)]
pub struct Fast(fn(Function, &[PageRef<'_>], &dyn Hooks) -> Option<usize>);

/// The four functions of `put_user_page` with `()`, as its users call them.
#[derive(Debug, Default)]
pub struct FastUnhooked;

/// The fast implementation as the backend `fast`.
pub fn fast() -> InProcess<PageMap<Fast>> {
    InProcess::new("fast", PageMap::new(Fast(release)))
}

/// The fast implementation as the backend `fast-unhooked`. Where a call may wait for a page
/// lock it does not run, for nobody would give the lock back.
pub fn fast_unhooked() -> InProcess<PageMap<FastUnhooked>> {
    let mut backend = InProcess::new("fast-unhooked", PageMap::new(FastUnhooked));
    backend.observes = Observes { events: Events::None, ..Observes::ALL };
    backend.waits = false;
    backend
}

/// The fast implementation as the backend `fast-small-blocks`.
pub fn fast_in_small_blocks() -> InProcess<PageMap<Fast>> {
    InProcess::new("fast-small-blocks", PageMap::new(Fast(release_in_small_blocks)))
}

impl Release for Fast {
    fn release(
        &mut self,
        function: Function,
        pages: &[PageRef<'static>],
        recorder: &Recorder,
    ) -> Option<usize> {
        self.0(function, pages, recorder)
    }
}

impl Release for FastUnhooked {
    const TELLS: bool = false;

    fn release(
        &mut self,
        function: Function,
        pages: &[PageRef<'static>],
        _recorder: &Recorder,
    ) -> Option<usize> {
        release_unhooked(function, pages)
    }
}
