//! Batches: arrays that are gone through in parts, with mistakes at their ends.

use crate::bug::ANY;
use crate::{Bug, Run, Scale};

/// The entries of a batch: those of a pagevec, which the kernel has had 15 of.
const BATCH: usize = 15;

pub(super) static BUGS: &[Bug] = &[
    Bug {
        name: "full-batch-lost",
        story: "What is left over is released when the array ends, and a batch when it \
                overflows: one that is exactly full at the end is neither.",
        source: "a public report: batches lost when exactly full",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, _| {
            let all = call.pages.len();
            let lost = if all > 0 && all.is_multiple_of(BATCH) { BATCH } else { 0 };
            call.release(&call.pages[..all - lost])
        }),
    },
    Bug {
        name: "batch-loses-its-last",
        story: "What is carried from one batch to the next overwrites the last entry of the \
                first.",
        source: "commit 13a0d1ae7ee6: the carry between batches spoiled the list",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, _| {
            let batches = call.pages.chunks(BATCH);
            let pages: Vec<_> = batches
                .flat_map(|batch| &batch[..batch.len() - usize::from(batch.len() == BATCH)])
                .copied()
                .collect();
            call.release(&pages)
        }),
    },
    Bug {
        name: "batch-releases-its-last-twice",
        story: "What is carried from one batch to the next is released in both.",
        source: "commit 13a0d1ae7ee6: the carry between batches spoiled the list",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, _| {
            let batches = call.pages.chunks(BATCH);
            let pages: Vec<_> = batches
                .flat_map(|batch| batch.iter().chain(batch.get(BATCH - 1)))
                .copied()
                .collect();
            call.release(&pages)
        }),
    },
    Bug {
        name: "batch-ends-from-the-start-of-the-array",
        story: "The end of a batch is reckoned from another base than its start: from the second \
                batch on it lies beyond, in pages that were never pinned.",
        source: "commit 727c28c1cef2, CVE-2023-53630: batch_last_index of iommufd",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, _| {
            let mut pages = call.pages.to_vec();
            if let Some(&last) = call.pages.get(BATCH..).and_then(<[_]>::last) {
                pages.extend(call.behind(last, 1));
            }
            call.release(&pages)
        }),
    },
    Bug {
        name: "first-batch-only",
        story: "An array of more than one batch: only the first is released.",
        source: "a loop that returns where it should go on",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, _| call.release(&call.pages[..call.pages.len().min(BATCH)])),
    },
];
