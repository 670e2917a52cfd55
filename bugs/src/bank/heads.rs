//! Heads and tails: what belongs to the head page is looked for, or left, at the page that an
//! entry names.

use put_user_page::Hooks;

use crate::base::{STEPS, Steps};
use crate::bug::{ANY, LOCKING, MARKING};
use crate::{Bug, Run, Scale};

pub(super) static BUGS: &[Bug] = &[
    Bug {
        name: "no-compound-head",
        story: "An entry is taken for a head page: the page that it names is marked and put.",
        source: "commit d63206ee32b6: a reference on a page that is no head",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Entries(Steps {
            release: |entry, _| {
                entry.call.mark(entry.page);
                entry.call.put(entry.page, 1);
            },
            ..STEPS
        }),
    },
    Bug {
        name: "write-into-a-tail",
        story: "The count of a tail page is written, which is to stay zero.",
        source: "commit d63206ee32b6: a reference on a page that is no head",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Entries(Steps {
            put: |entry| {
                if entry.page.is_tail() {
                    entry.page.set_refcount(1);
                }
                entry.call.put(entry.head, 1);
            },
            ..STEPS
        }),
    },
    Bug {
        name: "dirty-the-tail",
        story: "The page that an entry names is marked dirty, not its head page.",
        source: "commit df8c94d13c7e: which page of a compound page has a flag was not said",
        shown_by: MARKING,
        scale: Scale::Small,
        run: Run::Entries(Steps { mark: |entry| entry.call.mark(entry.page), ..STEPS }),
    },
    Bug {
        name: "test-the-tail-mark-the-head",
        story: "Whether a page is dirty is asked of the page that an entry names, where a tail \
                says no, and its head page is locked and marked again.",
        source: "commit df8c94d13c7e: which page of a compound page has a flag was not said",
        shown_by: LOCKING,
        scale: Scale::Small,
        run: Run::Entries(Steps {
            mark: |entry| {
                if entry.call.function.marks_dirty() && !entry.page.is_dirty() {
                    entry.call.mark_clean(entry.head);
                }
            },
            ..STEPS
        }),
    },
    Bug {
        name: "free-the-tail",
        story: "The last reference goes, and the page that the entry names is freed instead of \
                the compound page.",
        source: "the patch's __put_page(), given the entry and not its head page",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Entries(Steps {
            put: |entry| {
                entry.head.set_refcount(entry.head.refcount() - 1);
                if entry.head.refcount() == 0 {
                    entry.call.recorder.free_page(entry.page);
                }
            },
            ..STEPS
        }),
    },
    Bug {
        name: "lock-the-tail",
        story: "The lock of the page that an entry names is taken, and its head page marked: \
                whoever holds the compound page's lock is not waited for.",
        source: "commit df8c94d13c7e: which page of a compound page has a flag was not said",
        shown_by: LOCKING,
        scale: Scale::Small,
        run: Run::Entries(Steps {
            mark: |entry| {
                if !entry.call.locks() || entry.head.is_dirty() {
                    return entry.call.mark(entry.head);
                }
                entry.call.recorder.lock_page(entry.page);
                entry.call.recorder.set_page_dirty(entry.head);
                entry.call.recorder.unlock_page(entry.page);
            },
            ..STEPS
        }),
    },
];
