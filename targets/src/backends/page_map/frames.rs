//! The frames of a memory map, and their words as they were built. Every world is built
//! anew, though much of it may be as the last one left it: what a case covers must not
//! depend on the case before.

use put_user_page::{MemoryMap, PageRef};

use super::words::{self, Words};

/// Flags that a head page may carry and that no release touches: those of `enum pageflags`
/// of Linux 6.1 from PG_referenced to PG_mlocked, without PG_dirty, PG_head and PG_waiters.
const OTHER_FLAGS: u64 = 0x003e_ff76;

/// The frames of a map, and their words as they were built.
#[derive(Debug)]
pub(super) struct Frames {
    map: MemoryMap<'static>,
    words: Vec<Words>,
}

/// A number that looks random and depends on the frame only.
fn filler(frame: usize) -> u64 {
    (frame as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Frames {
    pub(super) fn new(map: MemoryMap<'static>) -> Self {
        let frames = map.frames();
        Frames { map, words: vec![[0; 8]; frames] }
    }

    pub(super) fn page(&self, frame: usize) -> PageRef<'static> {
        self.map.page(frame).expect("a frame of the world lies in the map")
    }

    fn reset(&self, frame: usize) {
        let filler = filler(frame);
        words::reset(self.page(frame), filler & OTHER_FLAGS, filler);
    }

    /// Makes a frame one where there is no page.
    pub(super) fn gap(&mut self, frame: usize) {
        self.reset(frame);
        self.built(frame);
    }

    /// Makes a compound page without references, and returns its head page. Its words are
    /// to be noted with [`built`](Self::built) once the rest of it is done.
    pub(super) fn compound_page(&mut self, frame: usize, order: u32) -> PageRef<'static> {
        let end = frame + (1 << order);
        (frame..end).for_each(|frame| self.reset(frame));
        let head = self
            .map
            .prep_compound_page(frame, order)
            .expect("the layout aligns compound pages and keeps them inside the map");
        (frame + 1..end).for_each(|tail| self.built(tail));
        head
    }

    /// Notes a frame's words as they are now.
    pub(super) fn built(&mut self, frame: usize) {
        self.words[frame] = words::read(self.page(frame));
    }

    /// A frame's words as they were built.
    pub(super) fn words_built(&self, frame: usize) -> Words {
        self.words[frame]
    }

    /// Finds, of the first `frames` frames, those whose words are not as they were built.
    pub(super) fn find_changed(&self, frames: usize, changed: &mut Vec<usize>) {
        words::find_changed(self.map, &self.words[..frames], changed);
    }
}
