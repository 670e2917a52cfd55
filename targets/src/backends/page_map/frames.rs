//! The frames of a memory map, and their words as they were built. Between two cases the map
//! is as it was built, so that of the next world only what the last one had not is built.

use std::ops::Range;

use put_user_page::{MemoryMap, PageRef};

use super::words::{self, Words};

/// Flags that a head page may carry and that no release touches: those of `enum pageflags`
/// of Linux 6.1 from PG_referenced to PG_mlocked, without PG_dirty, PG_head and PG_waiters.
const OTHER_FLAGS: u64 = 0x003e_ff76;

/// What is built at a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Built {
    Nothing,
    Gap,
    Head { order: u32 },
    Tail,
}

/// The frames of a map, and their words as they were built.
#[derive(Debug)]
pub(super) struct Frames {
    map: MemoryMap<'static>,
    /// The words of each frame with an order-0 page.
    order_0: Vec<Words>,
    words: Vec<Words>,
    built: Vec<Built>,
    /// The first so many frames are known to be as they were built.
    known: usize,
}

/// A number that looks random and depends on the frame only.
fn filler(frame: usize) -> u64 {
    (frame as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Frames {
    pub(super) fn new(map: MemoryMap<'static>) -> Self {
        let frames = map.frames();
        let order_0 = (0..frames).map(|frame| {
            let filler = filler(frame);
            words::order_0(filler & OTHER_FLAGS, filler)
        });
        let (words, built) = (vec![[0; 8]; frames], vec![Built::Nothing; frames]);
        Frames { map, order_0: order_0.collect(), words, built, known: 0 }
    }

    /// Begins to build the first `frames` frames: those that nobody has looked at since they were
    /// built become as they were.
    pub(super) fn start(&mut self, frames: usize) {
        let unknown = self.known..frames.max(self.known);
        words::write_pages(self.map, unknown.start, &self.words[unknown]);
        self.known = 0;
    }

    pub(super) fn page(&self, frame: usize) -> PageRef<'static> {
        self.map.page(frame).expect("a frame of the world lies in the map")
    }

    /// Makes frames some where there is no page.
    pub(super) fn gap(&mut self, gap: Range<usize>) {
        let built = &mut self.built[gap.clone()];
        if built.iter().any(|built| *built != Built::Gap) {
            built.fill(Built::Gap);
            self.words[gap.clone()].copy_from_slice(&self.order_0[gap.clone()]);
            words::write_pages(self.map, gap.start, &self.words[gap]);
        }
    }

    /// Makes a compound page without references, and returns its head page. Its words are
    /// to be noted with [`note_words`](Self::note_words) once the rest of it is done.
    pub(super) fn compound_page(&mut self, frame: usize, order: u32) -> PageRef<'static> {
        // A compound page goes with its first frame: whatever takes the place of any of its
        // frames takes that of those before it.
        if self.built[frame] == (Built::Head { order }) {
            words::write_pages(self.map, frame, &[words::unused(self.words[frame])]);
            return self.page(frame);
        }
        let end = frame + (1 << order);
        words::write_pages(self.map, frame, &self.order_0[frame..end]);
        let head = self
            .map
            .prep_compound_page(frame, order)
            .expect("the layout aligns compound pages and keeps them inside the map");
        words::read_pages(self.map, frame, &mut self.words[frame..end]);
        self.built[frame] = Built::Head { order };
        self.built[frame + 1..end].fill(Built::Tail);
        head
    }

    /// Notes a frame's words as they are now.
    pub(super) fn note_words(&mut self, frame: usize) {
        self.words[frame] = words::read(self.page(frame));
    }

    /// A frame's words as they were built.
    pub(super) fn words_built(&self, frame: usize) -> &Words {
        &self.words[frame]
    }

    /// Finds, of the first `frames` frames, those whose words are not as they were built.
    pub(super) fn find_changed(&self, frames: usize, changed: &mut Vec<usize>) {
        words::find_changed(self.map, &self.words[..frames], changed);
    }

    /// Ends a case: these of the first `frames` frames have changed, and become as they were.
    pub(super) fn restore(&mut self, frames: usize, changed: &[usize]) {
        for &frame in changed {
            words::write_pages(self.map, frame, &self.words[frame..=frame]);
        }
        self.known = frames;
    }
}
