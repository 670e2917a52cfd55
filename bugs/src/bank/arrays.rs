//! Arrays: other pages are released than the array holds.

use std::collections::BTreeSet;

use put_user_page::{Page, PageRef};

use crate::base::distance;
use crate::bug::ANY;
use crate::{Bug, Run, Scale};

pub(super) static BUGS: &[Bug] = &[
    Bug {
        name: "skip-the-last-entry",
        story: "The last entry of a call is not released.",
        source: "a loop that ends one too early",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, _| call.release(&call.pages[..call.pages.len().saturating_sub(1)])),
    },
    Bug {
        name: "one-entry-too-many",
        story: "The loop goes on to what lies behind the last entry.",
        source: "a loop that ends with <=",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, _| {
            let behind = call.pages.last().and_then(|&page| call.behind(page, 1));
            let pages: Vec<_> = call.pages.iter().copied().chain(behind).collect();
            call.release(&pages)
        }),
    },
    Bug {
        name: "list-without-duplicates",
        story: "Pages are kept in a list that has each once, and are released as often.",
        source: "a public report: page lists whose duplicates are released once",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, _| {
            let mut listed = BTreeSet::new();
            let mut pages = call.pages.to_vec();
            pages.retain(|page| listed.insert(*page));
            call.release(&pages)
        }),
    },
    Bug {
        name: "merged-duplicate-kept",
        story: "An entry of the same page as the one before it is merged into that one, and its \
                own pin was put where merging failed, not where it went well.",
        source: "commit 5905afc2c7bb: the pin of a page that was merged stayed",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, _| {
            let mut pages = call.pages.to_vec();
            pages.dedup();
            call.release(&pages)
        }),
    },
    Bug {
        name: "one-put-a-segment",
        story: "Pages that follow each other were merged into one segment, and put once for the \
                segment.",
        source: "commit 95d78c28b5a8, CVE-2017-12190: pages merged into a bio were never put",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, _| {
            let mut pages = call.pages.to_vec();
            let mut before = None;
            pages.retain(|&page| {
                let follows = before.is_some_and(|before| follows(page, before));
                before = Some(page);
                !follows
            });
            call.release(&pages)
        }),
    },
    Bug {
        name: "same-folio-taken-for-consecutive",
        story: "Entries of one compound page are taken for pages that follow each other: the \
                first and a length are kept, and what lies there is released.",
        source: "commit 776617db78c6, CVE-2023-2598: io_uring's fixed buffers",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, _| {
            let heads =
                call.pages.chunk_by(|one, next| one.compound_head() == next.compound_head());
            let pages: Vec<_> = heads
                .flat_map(|run| (0..run.len()).filter_map(|index| call.behind(run[0], index)))
                .collect();
            call.release(&pages)
        }),
    },
    Bug {
        name: "page-plus-one-in-a-gap",
        story: "Pages are walked by adding one to a page, also where the memory map has a gap \
                and the next page is elsewhere.",
        source: "commits 4c6542290115, c228afb11ac6: struct pages that are not side by side",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, _| {
            let mut pages = call.pages.to_vec();
            for (page, before) in pages.iter_mut().skip(1).zip(call.pages) {
                let next = call.behind(*before, 1).filter(|next| next.addr() < page.addr());
                // Nothing is there that an array could name.
                let gap = next.filter(|next| next.refcount() == 0 && !next.is_tail());
                *page = gap.unwrap_or(*page);
            }
            call.release(&pages)
        }),
    },
    Bug {
        name: "stale-slot",
        story: "A slot of the array was skipped when it was filled, and what an earlier call \
                left there is released.",
        source: "commit 7196040e19ad: -EEXIST skipped a slot of pages[]",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, kept| {
            let mut pages = call.pages.to_vec();
            let last = pages.len().wrapping_sub(1);
            if let (Some(slot), Some(stale)) = (pages.get_mut(last), kept.get(last)) {
                *slot = *stale;
            }
            call.pages.clone_into(kept);
            call.release(&pages)
        }),
    },
    Bug {
        name: "empty-array-has-a-page",
        story: "A segment of no length is taken to have one page.",
        source: "commit f741bd7178c9: entries of an iov of size zero",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, _| match call.recorder.map().page(0) {
            Some(page) if call.pages.is_empty() => call.release(&[page]),
            _ => call.release(call.pages),
        }),
    },
    Bug {
        name: "partial-acquisition-released-in-full",
        story: "Fewer pages were had than asked for, and as many are released as were asked for: \
                also the free one that could not be had.",
        source: "a public report: get_user_pages() took some, its error path put all",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, _| {
            let stopped = call.release(call.pages);
            let refused = call.pages.last().and_then(|&page| call.behind(page, 1));
            let is_free = |page: &PageRef<'static>| page.refcount() == 0 && !page.is_tail();
            if let Some(page) = refused.filter(is_free) {
                call.put(page, 1);
            }
            stopped
        }),
    },
    Bug {
        name: "page-of-its-own-in-the-array",
        story: "A dirty page of the array is swapped for a page of the driver's own, and both \
                kinds are released in one way.",
        source: "a public report: a file system's direct I/O with pages to bounce through",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, _| {
            let map = call.recorder.map();
            let own = map.page(map.frames() - 1).filter(|page| !page.is_tail());
            own.iter().for_each(|own| own.set_refcount(i32::MAX));
            let swap = |page: &PageRef<'static>| match own {
                Some(own) if page.compound_head().is_dirty() => own,
                _ => *page,
            };
            let pages: Vec<_> = call.pages.iter().map(swap).collect();
            let stopped = call.release(&pages);
            // It is in no world, and is left as it was.
            own.iter().for_each(|own| {
                own.set_refcount(0);
                own.clear_dirty();
            });
            stopped
        }),
    },
    Bug {
        name: "sorted-before-it-is-released",
        story: "The array is sorted for longer runs, and the error names an entry of the sorted \
                one.",
        source: "an array that is changed in place",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, _| {
            let mut pages = call.pages.to_vec();
            pages.sort();
            call.release(&pages)
        }),
    },
];

/// Whether a page is the next one of the memory map.
fn follows(page: PageRef<'_>, before: PageRef<'_>) -> bool {
    distance(page, before) == size_of::<Page>()
}
