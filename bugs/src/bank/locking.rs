//! The page lock: not taken, taken too often, not given back, or somebody else's.

use put_user_page::{Hooks, PageRef};
use put_user_page_case::Function;

use crate::base::{Call, FaultyHooks, HOOKS, STEPS, Steps};
use crate::bug::LOCKING;
use crate::{Bug, Run, Scale};

pub(super) static BUGS: &[Bug] = &[
    Bug {
        name: "mark-without-lock",
        story: "Pages were marked with set_page_dirty() where set_page_dirty_lock() was needed.",
        source: "commit 5a16c535409f: VMCI marked pages without the page lock",
        shown_by: LOCKING,
        scale: Scale::Small,
        run: Run::Hooks(FaultyHooks {
            set_page_dirty_lock: |hooks, head| hooks.set_page_dirty(head),
            ..HOOKS
        }),
    },
    Bug {
        name: "mark-files-without-lock",
        story: "Pages of files were marked without the lock that keeps them in their file.",
        source: "commit cb6d7c7dc7ff, the first of three attempts in i915",
        shown_by: LOCKING,
        scale: Scale::Small,
        run: Run::Hooks(FaultyHooks {
            set_page_dirty_lock: |hooks, head| {
                if head.mapping().is_some() {
                    hooks.set_page_dirty(head);
                } else {
                    (HOOKS.set_page_dirty_lock)(hooks, head);
                }
            },
            ..HOOKS
        }),
    },
    Bug {
        name: "dirty-lost-if-locked",
        story: "To avoid a deadlock the lock was only tried: the mark was lost where somebody \
                held it.",
        source: "commit cee7fb437edc, the third attempt in i915",
        shown_by: LOCKING,
        scale: Scale::Small,
        run: Run::Hooks(FaultyHooks {
            set_page_dirty_lock: |hooks, head| {
                if hooks.recorder.try_lock_page(head) {
                    hooks.set_page_dirty(head);
                    hooks.unlock_page(head);
                }
            },
            ..HOOKS
        }),
    },
    Bug {
        name: "wait-for-its-own-lock",
        story: "The page lock is taken by who has it: a deadlock, which shows here as a wait.",
        source: "commit 505a8ec7e11a took back what made i915 wait for itself",
        shown_by: LOCKING,
        scale: Scale::Small,
        run: Run::Hooks(FaultyHooks {
            lock_page: |recorder, head| {
                recorder.lock_page(head);
                recorder.lock_page(head);
            },
            ..HOOKS
        }),
    },
    Bug {
        name: "mark-under-the-lock-of-others",
        story: "The page is locked already, so it is marked, and unlocked: the lock was \
                somebody else's.",
        source: "a lock that is tried, and taken for had",
        shown_by: LOCKING,
        scale: Scale::Small,
        run: Run::Hooks(FaultyHooks {
            lock_page: |recorder, head| {
                recorder.try_lock_page(head);
            },
            ..HOOKS
        }),
    },
    Bug {
        name: "lock-dirty-pages",
        story: "A dirty page is locked and marked again: what the test before the lock saves.",
        source: "set_page_dirty_lock() called for each page, as before the patch",
        shown_by: LOCKING,
        scale: Scale::Small,
        run: Run::Entries(Steps {
            mark: |entry| {
                if entry.call.locks() {
                    entry.call.mark_clean(entry.head);
                } else {
                    entry.call.mark(entry.head);
                }
            },
            ..STEPS
        }),
    },
    Bug {
        name: "lock-where-none-is-asked",
        story: "put_user_pages_dirty(), whose callers may not sleep, takes the page lock.",
        source: "one marking function for both variants",
        shown_by: &[Function::PutUserPagesDirty],
        scale: Scale::Small,
        run: Run::Hooks(FaultyHooks {
            set_page_dirty: |recorder, head| {
                if head.is_locked() {
                    return recorder.set_page_dirty(head);
                }
                recorder.lock_page(head);
                recorder.set_page_dirty(head);
                recorder.unlock_page(head);
            },
            ..HOOKS
        }),
    },
    Bug {
        name: "keep-the-lock",
        story: "A page lock is not given back.",
        source: "a way out of a function without unlock_page()",
        shown_by: LOCKING,
        scale: Scale::Small,
        run: Run::Hooks(FaultyHooks { unlock_page: |_, _| {}, ..HOOKS }),
    },
    Bug {
        name: "unlock-after-the-last-put",
        story: "The lock is held over the put: a page is freed with its lock held, and then \
                touched.",
        source: "commit 4509b42c3896: a page was touched after its last put",
        shown_by: LOCKING,
        scale: Scale::Small,
        run: Run::Entries(Steps {
            release: |entry, steps| {
                if !entry.call.locks() || entry.head.is_dirty() {
                    return (STEPS.release)(entry, steps);
                }
                entry.call.recorder.lock_page(entry.head);
                entry.call.recorder.set_page_dirty(entry.head);
                (steps.put)(entry);
                entry.call.recorder.unlock_page(entry.head);
            },
            ..STEPS
        }),
    },
    Bug {
        name: "lock-two-at-once",
        story: "All page locks are held at the same time: two calls can wait for each other.",
        source: "a loop that locks, one that marks, one that unlocks",
        shown_by: LOCKING,
        scale: Scale::Small,
        run: Run::Whole(|call, _| {
            if call.locks() {
                mark_all_at_once(call);
            }
            call.release(call.pages)
        }),
    },
];

fn mark_all_at_once(call: &Call<'_>) {
    let mut clean: Vec<PageRef<'static>> =
        call.pages.iter().map(|page| page.compound_head()).collect();
    clean.retain(|head| head.refcount() > 0 && !head.is_dirty());
    clean.sort();
    clean.dedup();
    clean.iter().for_each(|head| call.recorder.lock_page(*head));
    clean.iter().for_each(|head| call.recorder.set_page_dirty(*head));
    clean.iter().for_each(|head| call.recorder.unlock_page(*head));
}
