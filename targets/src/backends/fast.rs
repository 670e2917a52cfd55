//! The fast implementation as backends: as it ships, with hooks that tell what it does, and
//! looking at few entries at a time.

use put_user_page::{Hooks, MemoryMap, PageRef};
use put_user_page_case::Function;
use put_user_page_watched::{release, release_in_small_blocks, release_unhooked};

use put_user_page_reference::Profile;

use super::in_process::InProcess;
use super::page_map::{PageMap, Recorder, Release};
use crate::backend::{Events, Observes};

/// The functions of `put_user_page`, with hooks that do what `()` does and record it: as they
/// are, or with blocks so small that arrays of four entries reach every branch.
#[derive(Debug)]
pub struct Fast(ReleaseOnMap);

type ReleaseOnMap =
    fn(Function, &MemoryMap<'static>, &[PageRef<'static>], &dyn Hooks) -> Option<usize>;

/// The functions of `put_user_page` with `()`, as its users call them.
#[derive(Debug, Default)]
pub struct FastUnhooked;

/// The fast implementation as the backend `fast`; its hooks tell it the rules of the profile.
pub fn fast(profile: &'static Profile) -> InProcess<PageMap<Fast>> {
    InProcess::new("fast", PageMap::new(Fast(release), profile), profile)
}

/// The fast implementation as the backend `fast-unhooked`. Where a call may wait for a page
/// lock it does not run, for nobody would give the lock back.
pub fn fast_unhooked(profile: &'static Profile) -> InProcess<PageMap<FastUnhooked>> {
    let machine = PageMap::new(FastUnhooked, profile);
    let mut backend = InProcess::new("fast-unhooked", machine, profile);
    backend.observes = Observes { events: Events::None, node_pins: false, ..Observes::ALL };
    backend.waits = false;
    backend.hears_rules = false;
    backend
}

/// The fast implementation as the backend `fast-small-blocks`.
pub fn fast_in_small_blocks(profile: &'static Profile) -> InProcess<PageMap<Fast>> {
    let machine = PageMap::new(Fast(release_in_small_blocks), profile);
    InProcess::new("fast-small-blocks", machine, profile)
}

impl Release for Fast {
    fn release(
        &mut self,
        function: Function,
        pages: &[PageRef<'static>],
        recorder: &Recorder,
    ) -> Option<usize> {
        self.0(function, &recorder.map(), pages, recorder)
    }
}

impl Release for FastUnhooked {
    const TELLS: bool = false;

    fn release(
        &mut self,
        function: Function,
        pages: &[PageRef<'static>],
        recorder: &Recorder,
    ) -> Option<usize> {
        release_unhooked(function, &recorder.map(), pages)
    }
}
