//! The pages of a workload, and the array that names them.

use put_user_page::{MemoryMap, Page, PageRef};

use crate::workload::Workload;

/// References that no measured run uses up.
const MANY: i32 = 1 << 30;

/// A run of an array, as the peer `limit` is told of it.
#[repr(C)]
pub(crate) struct Run {
    head: *mut Page,
    references: i32,
}

/// A workload in memory.
pub(crate) struct Pages {
    pub(crate) entries: Vec<PageRef<'static>>,
    pub(crate) runs: Vec<Run>,
    heads: Vec<PageRef<'static>>,
}

impl Pages {
    pub(crate) fn of(workload: &Workload) -> Pages {
        let mut frames = Vec::new();
        let (mut next, mut places) = (0_usize, Vec::new());
        for &order in &workload.folios {
            next = next.next_multiple_of(1 << order);
            places.push((next, order));
            frames.extend(next..next + (1 << order));
            next += 1 << order;
        }
        let pages: Vec<Page> = (0..next).map(|_| Page::new()).collect();
        let map = MemoryMap::new(pages.leak());
        let make = |&(frame, order)| map.prep_compound_page(frame, order).expect("it is aligned");
        let heads: Vec<_> = places.iter().map(make).collect();
        let page = |&entry: &usize| map.page(frames[entry]).expect("a frame of the map");
        let entries: Vec<_> = workload.entries.iter().map(page).collect();
        let runs = entries.chunk_by(|one, other| one.compound_head() == other.compound_head());
        let runs = runs.map(|run| Run {
            head: run[0].compound_head().as_ptr(),
            references: i32::try_from(run.len()).expect("a short run"),
        });
        let runs = runs.collect();
        let pages = Pages { entries, runs, heads };
        pages.reset();
        pages
    }

    /// Clean again, with references enough.
    pub(crate) fn reset(&self) {
        for head in &self.heads {
            if head.is_dirty() {
                head.clear_dirty();
            }
            head.set_refcount(MANY);
        }
    }
}
