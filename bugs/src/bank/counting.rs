//! Counting references: too many, too few, in too few bits, or the end of them missed.

use put_user_page::Hooks;

use crate::base::{FaultyHooks, HOOKS, RUNS, Runs, STEPS, Steps};
use crate::bug::ANY;
use crate::{Bug, Run, Scale};

/// GUP_PIN_COUNTING_BIAS: what a pin of a small page weighs.
const PIN: i32 = 1024;

pub(super) static BUGS: &[Bug] = &[
    Bug {
        name: "plain-reference-dropped-as-a-pin",
        story: "A reference that was taken plainly is released as a pin: 1 was taken and 1,024 \
                are dropped.",
        source: "a GPU driver: get_user_pages() released by unpin_user_pages()",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Entries(Steps {
            put: |entry| {
                let is_small = entry.head.compound_order() == 0;
                entry.call.put(entry.head, if is_small { PIN } else { 1 });
            },
            ..STEPS
        }),
    },
    Bug {
        name: "weight-from-the-refcount",
        story: "How a page was taken is guessed from its count: with 1,024 references it is \
                taken for pinned, and 1,024 are dropped.",
        source: "CVE-2026-43502: how a page was taken was read in the wrong field",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Entries(Steps {
            put: |entry| {
                let is_pinned = entry.head.refcount() >= PIN;
                entry.call.put(entry.head, if is_pinned { PIN } else { 1 });
            },
            ..STEPS
        }),
    },
    Bug {
        name: "one-reference-a-folio-kept",
        story: "Of each run on a large folio one reference stays: taken once too often, and put \
                as often as there are entries.",
        source: "commits c56b6f3d801d, 26a8ea80929c, ce645b9fdc78: memfd_pin_folios() leaked",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Runs(Runs {
            references: |run| run.length as i32 - i32::from(run.head.is_head()),
            ..RUNS
        }),
    },
    Bug {
        name: "drop-one-too-few",
        story: "A run of three or more drops one reference less than it has entries.",
        source: "an end of a run that is taken for its length",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Runs(Runs {
            references: |run| run.length as i32 - i32::from(run.length >= 3),
            ..RUNS
        }),
    },
    Bug {
        name: "unaligned-start-counts-nothing",
        story: "A run that starts in the middle of a compound page comes to no pages at all, for \
                its length is rounded down to whole compound pages.",
        source: "commit d08af0a59684: no references for an address that is not aligned",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Runs(Runs {
            references: |run| if run.pages[0].is_tail() { 0 } else { run.length as i32 },
            ..RUNS
        }),
    },
    Bug {
        name: "counter-of-8-bits",
        story: "The references of a run are counted in 8 bits: 256 come to none.",
        source: "the truncation that min_t(unsigned int) makes of a length, at a smaller size",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Runs(Runs { references: |run| i32::from(run.length as u8), ..RUNS }),
    },
    Bug {
        name: "counter-of-16-bits",
        story: "The entries of an array are counted in 16 bits: of 65,536 none is released.",
        source: "a public report: a counter of 16 bits over a long array",
        shown_by: ANY,
        scale: Scale::Long,
        run: Run::Whole(|call, _| {
            call.release(&call.pages[..usize::from(call.pages.len() as u16)])
        }),
    },
    Bug {
        name: "length-of-12-bits",
        story: "The length of an array is kept in 12 bits, as other code keeps one in 32: 4,096 \
                entries come to none.",
        source: "min_t(unsigned int) in the range variant: npages - i is cut to 32 bits",
        shown_by: ANY,
        scale: Scale::Large,
        run: Run::Whole(|call, _| call.release(&call.pages[..call.pages.len() & 0xfff])),
    },
    Bug {
        name: "refcount-of-16-bits",
        story: "A page's count goes through 16 bits on its way.",
        source: "commits 8fde12ca79af, 15fab63e1e57, CVE-2019-11487: counts that overflow",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Entries(Steps {
            put: |entry| {
                entry.head.set_refcount(i32::from(entry.head.refcount() as u16));
                entry.call.put(entry.head, 1);
            },
            ..STEPS
        }),
    },
    Bug {
        name: "forget-the-check",
        story: "A page that has no reference is put all the same.",
        source: "commit f8be156be163, CVE-2021-22543: put_page() on pages that nobody counts",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Entries(Steps { check: |_| true, ..STEPS }),
    },
    Bug {
        name: "check-for-zero-alone",
        story: "A page that has no reference is told by a count of zero. Somebody else's \
                over-release has left it below, and it is put all the same.",
        source: "commit 88b1a17dfc3e: try_get_page() refuses counts of zero and below",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Entries(Steps { check: |entry| entry.head.refcount() != 0, ..STEPS }),
    },
    Bug {
        name: "free-at-one",
        story: "A page is freed while it has a reference left.",
        source: "commit f4f451a16dd1: pages whose count ends at one, taken for others",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Entries(Steps {
            put: |entry| {
                entry.head.set_refcount(entry.head.refcount() - 1);
                if entry.head.refcount() == 1 {
                    entry.call.recorder.free_page(entry.head);
                }
            },
            ..STEPS
        }),
    },
    Bug {
        name: "never-free",
        story: "A page without a reference is not freed.",
        source: "a put that does not look at what is left",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Hooks(FaultyHooks { free_page: |_, _| {}, ..HOOKS }),
    },
    Bug {
        name: "free-twice",
        story: "The compound page is freed once for its head and once for the entry.",
        source: "an error path that frees what a put has freed",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Hooks(FaultyHooks {
            free_page: |recorder, head| {
                recorder.free_page(head);
                recorder.free_page(head);
            },
            ..HOOKS
        }),
    },
    Bug {
        name: "over-released-run-never-freed",
        story: "A run on a page with too few references takes its count from above zero to below \
                at once: no one sees it at zero, and the page is never freed.",
        source: "Linux from 5.13 on: runs dropped in one step, where 5.12 freed the page",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Runs(Runs {
            drop: |run, references| {
                let had = run.head.refcount();
                if references <= had {
                    return (RUNS.drop)(run, references);
                }
                run.call.put(run.head, references);
                Err(had.cast_unsigned() as usize)
            },
            ..RUNS
        }),
    },
];
