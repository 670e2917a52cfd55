//! Pins: weighed wrong, counted where they are not, or taken off the wrong count.

use put_user_page::Hooks;
use put_user_page_case::Function;

use crate::base::{BIAS, Pins, UNPINS, Unpins};
use crate::bug::{UNPINNING_AND_MARKING, UNPINNING_RANGES, UNPINNING_RUNS};
use crate::{Bug, Run, Scale};

/// Drops so many pins off the pincount, and so many references.
fn drop_of(pins: &Pins<'_>, pincount: i32, references: i32) {
    if pincount != 0 {
        pins.head.set_pincount(pins.head.pincount() - pincount);
    }
    pins.call.put(pins.head, references);
}

pub(super) static BUGS: &[Bug] = &[
    Bug {
        name: "put-a-pin-as-a-reference",
        story: "On an error path a pinned page was released with put_page(): of the 1,024 \
                references of its pin one was dropped.",
        source: "commit 96e1fac162cc: get_user_pages_fast() put what it had pinned",
        shown_by: Function::UNPIN,
        scale: Scale::Small,
        run: Run::Unpins(Unpins {
            drop: |pins| {
                if pins.is_large() {
                    (UNPINS.drop)(pins);
                } else {
                    drop_of(pins, 0, pins.number());
                }
            },
            ..UNPINS
        }),
    },
    Bug {
        name: "unpin-order-1-as-a-small-page",
        story: "Pages of order 1 had no pincount before folios: whoever releases their pins by the \
                old rule drops 1,024 references of a page that has one.",
        source: "commit 5232c63f46fd gave them one",
        shown_by: Function::UNPIN,
        scale: Scale::Small,
        run: Run::Unpins(Unpins {
            drop: |pins| {
                if pins.is_large() && pins.head.compound_order() == 1 {
                    drop_of(pins, 0, pins.number() * BIAS);
                } else {
                    (UNPINS.drop)(pins);
                }
            },
            ..UNPINS
        }),
    },
    Bug {
        name: "pincount-dropped-and-refcount-kept",
        story: "The pin was taken off the pincount, and its reference was kept: the page is never \
                freed.",
        source: "the two counts of a large folio, which must change together",
        shown_by: Function::UNPIN,
        scale: Scale::Small,
        run: Run::Unpins(Unpins {
            drop: |pins| {
                if pins.is_large() {
                    drop_of(pins, pins.number(), 0);
                } else {
                    (UNPINS.drop)(pins);
                }
            },
            ..UNPINS
        }),
    },
    Bug {
        name: "refcount-dropped-and-pincount-kept",
        story: "The reference of the pin was dropped, and the pincount kept: the page looks pinned \
                for ever, and is freed so.",
        source: "the two counts of a large folio, which must change together",
        shown_by: Function::UNPIN,
        scale: Scale::Small,
        run: Run::Unpins(Unpins {
            drop: |pins| {
                if pins.is_large() {
                    drop_of(pins, 0, pins.number());
                } else {
                    (UNPINS.drop)(pins);
                }
            },
            ..UNPINS
        }),
    },
    Bug {
        name: "zero-page-is-counted",
        story: "Pinning the zero page counts nothing, and unpinning it took 1,024 references off: \
                it ran out of them, or over.",
        source: "commits c8070b787519 and 873aefb376bb",
        shown_by: Function::UNPIN,
        scale: Scale::Small,
        run: Run::Unpins(Unpins { leaves_alone: |_| false, ..UNPINS }),
    },
    Bug {
        name: "zero-page-is-not-marked",
        story: "The zero page was told before the mark and not after it: it stays clean, which no \
                kernel leaves it that marks.",
        source: "the order of the two in unpin_user_pages_dirty_lock()",
        shown_by: UNPINNING_AND_MARKING,
        scale: Scale::Small,
        run: Run::Unpins(Unpins {
            mark: |pins| {
                if !pins.is_zero_page() {
                    (UNPINS.mark)(pins);
                }
            },
            ..UNPINS
        }),
    },
    Bug {
        name: "huge-zero-page-left-alone",
        story: "The huge zero page is a folio like any other to pins: one path took it for the zero \
                page, the other did not.",
        source: "commit aa88b68c3b1d, and release_pages(), which skips it to this day",
        shown_by: Function::UNPIN,
        scale: Scale::Small,
        run: Run::Unpins(Unpins {
            leaves_alone: |pins| {
                (UNPINS.leaves_alone)(pins)
                    || pins.head.compound_order() == 9 && pins.call.is_huge_zero_page(pins.head)
            },
            ..UNPINS
        }),
    },
    Bug {
        name: "pins-of-duplicates-released-once",
        story: "Entries that named one page were merged into one, and its pins but for one were \
                kept.",
        source: "commit 95d78c28b5a8, CVE-2017-12190, and commit 5905afc2c7bb",
        shown_by: UNPINNING_RUNS,
        scale: Scale::Small,
        run: Run::Unpins(Unpins {
            count: |pins| pins.call.recorder.pins_released(pins.head, distinct(pins)),
            drop: |pins| pins.drop_some(distinct(pins)),
            ..UNPINS
        }),
    },
    Bug {
        name: "node-counts-a-run-as-one",
        story: "The node was told of one pin released for each run, and not for each entry.",
        source: "NR_FOLL_PIN_RELEASED, which users compare with NR_FOLL_PIN_ACQUIRED",
        shown_by: UNPINNING_RUNS,
        scale: Scale::Small,
        run: Run::Unpins(Unpins {
            count: |pins| pins.call.recorder.pins_released(pins.head, 1),
            ..UNPINS
        }),
    },
    Bug {
        name: "counted-after-the-last-put",
        story: "The node was told after the references went: by then the page may be another's, on \
                another node.",
        source: "commit 4509b42c3896",
        shown_by: Function::UNPIN,
        scale: Scale::Small,
        run: Run::Unpins(Unpins {
            count: |_| (),
            drop: |pins| {
                (UNPINS.drop)(pins);
                (UNPINS.count)(pins);
            },
            ..UNPINS
        }),
    },
    Bug {
        name: "make-dirty-is-ignored",
        story: "Pages that a device wrote to were unpinned without a mark.",
        source: "xen/gntdev and privcmd: \"Mark pages as dirty\"",
        shown_by: UNPINNING_AND_MARKING,
        scale: Scale::Small,
        run: Run::Unpins(Unpins { mark: |_| (), ..UNPINS }),
    },
    Bug {
        name: "range-takes-the-whole-folio",
        story: "A range that starts inside of a folio was taken to reach over as many pages as the \
                folio has: entries of the next one were released as its own.",
        source: "folio_nr_pages() without folio_page_idx(), as CVE-2023-53630 had its base wrong",
        shown_by: UNPINNING_RANGES,
        scale: Scale::Small,
        run: Run::Unpins(Unpins {
            length: |_, pages| 1 << pages[0].compound_head().compound_order(),
            drop: |pins| {
                // Others' pins may be among them.
                let there = if pins.is_large() {
                    pins.number().min(pins.head.pincount().min(pins.head.refcount()))
                } else {
                    pins.number()
                };
                pins.drop_some(there);
            },
            ..UNPINS
        }),
    },
    Bug {
        name: "count-that-went-round-is-no-pin",
        story: "A small page whose references went round i32 has very many pins, and was taken for \
                one with none, as its count is below zero.",
        source: "folio_maybe_dma_pinned(), which compares without a sign for that",
        shown_by: Function::UNPIN,
        scale: Scale::Small,
        run: Run::Unpins(Unpins {
            leaves_alone: |pins| {
                (UNPINS.leaves_alone)(pins) || !pins.is_large() && pins.head.refcount() < 0
            },
            ..UNPINS
        }),
    },
];

/// How many of the entries do not name the page of the entry before.
fn distinct(pins: &Pins<'_>) -> i32 {
    1 + pins.pages.windows(2).filter(|pair| pair[0] != pair[1]).count() as i32
}
