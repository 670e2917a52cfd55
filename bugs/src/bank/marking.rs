//! Marking dirty: what was written is forgotten, or told wrongly, or at the wrong time.

use put_user_page::{Hooks, PageRef};

use crate::base::{Call, FaultyHooks, HOOKS, STEPS, Steps};
use crate::bug::{ANY, MARKING, NOT_MARKING};
use crate::{Bug, Run, Scale};

pub(super) static BUGS: &[Bug] = &[
    Bug {
        name: "never-marks",
        story: "A driver that had written to the pages released them without marking them.",
        source: "Linux: xen/gntdev and xen/privcmd, \"Mark pages as dirty\"",
        shown_by: MARKING,
        scale: Scale::Small,
        run: Run::Entries(Steps { mark: |_| {}, ..STEPS }),
    },
    Bug {
        name: "mark-only-the-first",
        story: "Of each call, only the first entry is marked dirty.",
        source: "a loop with the marking before it",
        shown_by: MARKING,
        scale: Scale::Small,
        run: Run::Entries(Steps {
            mark: |entry| {
                if entry.index == 0 {
                    entry.call.mark(entry.head);
                }
            },
            ..STEPS
        }),
    },
    Bug {
        name: "mark-only-the-last",
        story: "Of each call, only the last entry is marked dirty.",
        source: "a loop with the marking behind it",
        shown_by: MARKING,
        scale: Scale::Small,
        run: Run::Entries(Steps {
            mark: |entry| {
                if entry.index + 1 == entry.call.pages.len() {
                    entry.call.mark(entry.head);
                }
            },
            ..STEPS
        }),
    },
    Bug {
        name: "put-before-mark",
        story: "The reference was dropped before the page was used for the last time: to mark it.",
        source: "commit 0c4bcfdecb1a: the reference went before the use of the page ended",
        shown_by: MARKING,
        scale: Scale::Small,
        run: Run::Entries(Steps {
            release: |entry, steps| {
                (steps.put)(entry);
                (steps.mark)(entry);
            },
            ..STEPS
        }),
    },
    Bug {
        name: "mark-before-the-check",
        story: "A page is marked before it is known whether it is in use at all.",
        source: "commit f8be156be163, CVE-2021-22543: pages that nobody counts were handed on",
        shown_by: MARKING,
        scale: Scale::Small,
        run: Run::Entries(Steps {
            check: |entry| {
                entry.call.mark(entry.head);
                entry.head.refcount() > 0
            },
            ..STEPS
        }),
    },
    Bug {
        name: "mark-what-was-only-read",
        story: "put_user_pages() marks pages dirty too, which nobody wrote to.",
        source: "the argument make_dirty, ignored",
        shown_by: NOT_MARKING,
        scale: Scale::Small,
        run: Run::Entries(Steps {
            mark: |entry| {
                if !entry.head.is_dirty() {
                    entry.call.mark_clean(entry.head);
                }
            },
            ..STEPS
        }),
    },
    Bug {
        name: "forget-the-file",
        story: "The flag is set, and the page's file not told: it will not write the page back.",
        source: "textbook drivers: SetPageDirty() where set_page_dirty() was meant",
        shown_by: MARKING,
        scale: Scale::Small,
        run: Run::Hooks(FaultyHooks {
            set_page_dirty: |recorder, head| {
                if !head.test_set_dirty() {
                    recorder.page_dirtied(head);
                }
            },
            ..HOOKS
        }),
    },
    Bug {
        name: "count-the-file-twice",
        story: "The file is told twice that a page of it is dirty.",
        source: "set_page_dirty(), and the count once more by hand",
        shown_by: MARKING,
        scale: Scale::Small,
        run: Run::Hooks(FaultyHooks {
            set_page_dirty: |recorder, head| {
                recorder.set_page_dirty(head);
                if let Some(file) = head.mapping() {
                    file.page_dirtied();
                }
            },
            ..HOOKS
        }),
    },
    Bug {
        name: "count-each-page-of-a-folio",
        story: "A compound page that is marked counts once for each of its pages in one place, \
                and once in another.",
        source: "the change of NR_FILE_DIRTY from one to the number of pages, between 2018 and 6.1",
        shown_by: MARKING,
        scale: Scale::Small,
        run: Run::Hooks(FaultyHooks {
            set_page_dirty: |recorder, head| {
                recorder.set_page_dirty(head);
                if let Some(file) = head.mapping() {
                    (1..1 << head.compound_order()).for_each(|_| file.page_dirtied());
                }
            },
            ..HOOKS
        }),
    },
    Bug {
        name: "dirty-once-and-for-all",
        story: "A page that was marked once is not marked again, though it was written back in \
                between.",
        source: "a list of pages that are known to be dirty",
        shown_by: MARKING,
        scale: Scale::Small,
        run: Run::Whole(mark_once),
    },
    Bug {
        name: "dirty-lost-with-the-last-reference",
        story: "A page's dirty mark is taken back before the page is freed.",
        source: "cleaning up before __put_page() sees what there was",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Hooks(FaultyHooks {
            free_page: |recorder, head| {
                head.clear_dirty();
                recorder.free_page(head);
            },
            ..HOOKS
        }),
    },
];

/// Releases the entries, and marks no page that is among those marked.
fn mark_once(call: &Call<'_>, marked: &mut Vec<PageRef<'static>>) -> Option<usize> {
    for (index, page) in call.pages.iter().enumerate() {
        let head = page.compound_head();
        if head.refcount() <= 0 {
            return Some(index);
        }
        if !marked.contains(&head) {
            call.mark(head);
            marked.extend(call.function.marks_dirty().then_some(head));
        }
        call.put(head, 1);
    }
    None
}
