//! The pages of a workload, and the arrays that name them.

use memmap2::{Advice, MmapOptions};
use put_user_page::{MemoryMap, Page, PageRef};

use crate::workload::Workload;

/// References, and pins, that no measured run uses up.
const MANY: i32 = 1 << 30;

/// A run of an array, as the peer `limit` is told of it; laid out as in C.
#[derive(Debug)]
#[repr(C)]
pub struct Run {
    pub(crate) head: PageRef<'static>,
    pub(crate) references: i32,
}

/// What a call is given.
#[derive(Debug)]
pub struct Array {
    pub(crate) entries: Vec<PageRef<'static>>,
    pub(crate) runs: Vec<Run>,
}

/// A workload in memory.
#[derive(Debug)]
pub struct Pages {
    /// Each for a call of its own.
    pub arrays: Vec<Array>,
    /// Entries of all arrays.
    pub entries: usize,
    heads: Vec<PageRef<'static>>,
}

impl Pages {
    /// The workload's pages, clean and with references enough.
    ///
    /// # Panics
    ///
    /// There is no memory for them, or the workload names what is not there.
    pub fn of(workload: &Workload) -> Pages {
        let map = MemoryMap::new(zeroed(workload.frames));
        let make = |&(frame, order)| map.prep_compound_page(frame, order).expect("it is aligned");
        let heads: Vec<_> = workload.folios.iter().map(make).collect();
        let page = |&frame: &usize| map.page(frame).expect("a frame of the map");
        let array = |frames: &Vec<usize>| Array::of(frames.iter().map(page).collect());
        let arrays: Vec<_> = workload.arrays.iter().map(array).collect();
        let entries = arrays.iter().map(|array| array.entries.len()).sum();
        let pages = Pages { arrays, entries, heads };
        pages.reset();
        pages
    }

    /// Clean again, with references enough.
    pub fn reset(&self) {
        for head in &self.heads {
            if head.is_dirty() {
                head.clear_dirty();
            }
            head.set_refcount(MANY);
            head.set_pincount(MANY);
        }
    }
}

impl Array {
    fn of(entries: Vec<PageRef<'static>>) -> Array {
        let runs = entries.chunk_by(|one, other| one.compound_head() == other.compound_head());
        let runs = runs.map(|run| Run {
            head: run[0].compound_head(),
            references: i32::try_from(run.len()).expect("a short run"),
        });
        Array { runs: runs.collect(), entries }
    }

    /// How many runs of entries of one compound page it has.
    pub fn runs(&self) -> usize {
        self.runs.len()
    }
}

/// So many pages, in memory that is mapped in units of 2 MiB where the system does so, as a
/// kernel maps its memory map. It is never given back: entries live as long as the program.
fn zeroed(frames: usize) -> &'static mut [Page] {
    let map = MmapOptions::new().len(frames * size_of::<Page>()).map_anon();
    let map = Box::leak(Box::new(map.expect("there is memory for the pages")));
    // Without transparent huge pages it is slower for all.
    let _ = map.advise(Advice::HugePage);
    let first: *mut Page = map.as_mut_ptr().cast();
    // SAFETY: it starts at a page of the machine's, is as long, is nobody else's for ever, and a
    // struct page of zeroes is one.
    unsafe { std::slice::from_raw_parts_mut(first, frames) }
}
