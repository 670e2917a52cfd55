//! Too often or too late: what a call has released, or was to release, comes up again.

use put_user_page::{Hooks, PageRef};

use crate::base::Call;
use crate::bug::ANY;
use crate::{Bug, Run, Scale};

pub(super) static BUGS: &[Bug] = &[
    Bug {
        name: "release-all-twice",
        story: "Two ways out of one function met, and the same array was unpinned by both.",
        source: "commit c77369b437f9: gup_test's release() raced with its STOP",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, _| {
            let stopped = call.release(call.pages);
            if stopped.is_none() {
                call.release(call.pages);
            }
            stopped
        }),
    },
    Bug {
        name: "put-again-after-an-error",
        story: "A send failed, put its pages and kept their number: the purge put them again.",
        source: "CVE-2026-43494: the surplus release after a failed send",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, _| {
            let stopped = call.release(call.pages);
            for page in &call.pages[..stopped.unwrap_or(0)] {
                call.put(page.compound_head(), 1);
            }
            stopped
        }),
    },
    Bug {
        name: "put-after-handing-over",
        story: "A page that was handed over, and is somebody else's to release, is unpinned \
                again.",
        source: "CVE-2026-46053: unpinned again after ownership was handed over",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, kept| {
            if let Some(handed_over) = kept.pop() {
                call.put(handed_over, 1);
            }
            kept.extend(call.pages.first().map(|page| page.compound_head()));
            call.release(call.pages)
        }),
    },
    Bug {
        name: "freed-list-flushed-too-late",
        story: "Pages without a reference are put on a list, and the list is freed at the next \
                call.",
        source: "a public report: a list that is flushed after the call has returned",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, kept| {
            kept.drain(..).for_each(|page| call.recorder.free_page(page));
            release_onto(call, kept)
        }),
    },
    Bug {
        name: "freed-list-lost-on-an-error",
        story: "Pages without a reference are put on a list, and a call that stops returns \
                before the list is freed.",
        source: "a return in the middle of a function",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, kept| {
            kept.clear();
            let stopped = release_onto(call, kept);
            if stopped.is_none() {
                kept.drain(..).for_each(|page| call.recorder.free_page(page));
            }
            stopped
        }),
    },
];

/// Releases the entries, and puts those on the list that have no reference left then.
fn release_onto(call: &Call<'_>, list: &mut Vec<PageRef<'static>>) -> Option<usize> {
    for (index, page) in call.pages.iter().enumerate() {
        let head = page.compound_head();
        if head.refcount() <= 0 {
            return Some(index);
        }
        call.mark(head);
        head.set_refcount(head.refcount() - 1);
        list.extend((head.refcount() == 0).then_some(head));
    }
    None
}
