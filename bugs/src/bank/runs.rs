//! Runs: where one ends, told wrongly.

use put_user_page::PageRef;

use crate::base::{RUNS, Runs, distance, span};
use crate::bug::ANY;
use crate::{Bug, Run, Scale};

/// How many entries are looked at in one step.
const BLOCK: usize = 16;

pub(super) static BUGS: &[Bug] = &[
    Bug {
        name: "run-never-ends",
        story: "All entries of a call are put on the first one's page.",
        source: "a run that is not ended where the head page changes",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Runs(Runs { belongs: |_, _, _| true, ..RUNS }),
    },
    Bug {
        name: "merged-across-the-border",
        story: "Entries whose pages lie side by side are merged, also across the border of a \
                compound page: later ones are put without a reference.",
        source: "commit 770c8d55c428: entries merged across the border of a compound page",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Runs(Runs {
            belongs: |pages, index, head| {
                let step = distance(pages[index], pages[index - 1]);
                (RUNS.belongs)(pages, index, head) || step == size_of::<put_user_page::Page>()
            },
            ..RUNS
        }),
    },
    Bug {
        name: "span-of-the-next-order",
        story: "A compound page is taken to be twice as long as it is, and its neighbour's \
                pages are taken for its own.",
        source: "an order that is one too large",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Runs(Runs {
            belongs: |pages, index, head| distance(pages[index], head) < 2 * span(head),
            ..RUNS
        }),
    },
    Bug {
        name: "signed-distance",
        story: "How far a page is from the head page is compared as a signed number: pages \
                before the head are less than a span away.",
        source: "a pointer difference, which is signed in C",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Runs(Runs {
            belongs: |pages, index, head| {
                distance(pages[index], head).cast_signed() < span(head).cast_signed()
            },
            ..RUNS
        }),
    },
    Bug {
        name: "block-skips-an-entry",
        story: "Long runs are looked at in blocks of 16, and the last entry of each block is \
                not: a stranger there is taken for one of the run.",
        source: "a mutation of this project's own release path, the hardest of eight to find",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Runs(Runs {
            belongs: |pages, index, head| {
                index % BLOCK == BLOCK - 1 && index + 1 < pages.len()
                    || (RUNS.belongs)(pages, index, head)
            },
            ..RUNS
        }),
    },
    Bug {
        name: "ends-of-a-block-only",
        story: "A block belongs to the run if its first and its last entry do.",
        source: "what is taken for sorted, and is not",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Runs(Runs {
            belongs: |pages, index, head| {
                let start = index - index % 4;
                let ends = pages.get(start).zip(pages.get(start + 3));
                let belong = |page: &PageRef<'static>| distance(*page, head) < span(head);
                ends.is_some_and(|(first, last)| belong(first) && belong(last))
                    || (RUNS.belongs)(pages, index, head)
            },
            ..RUNS
        }),
    },
];
