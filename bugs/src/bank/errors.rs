//! Errors, and what is none of a release's business.

use put_user_page_targets::backends::set_other_flags;

use crate::base::{RUNS, Runs, STEPS, Steps};
use crate::bug::ANY;
use crate::{Bug, Run, Scale};

pub(super) static BUGS: &[Bug] = &[
    Bug {
        name: "stop-one-entry-late",
        story: "The error of a call names the entry after the one that stopped it.",
        source: "an index that is one too large",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Entries(Steps { error: |index| index + 1, ..STEPS }),
    },
    Bug {
        name: "error-names-the-start-of-the-run",
        story: "The references run out in the middle of a run, and the error names its first \
                entry: who releases from there on releases some twice.",
        source: "a run that is taken for one entry",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Runs(Runs {
            drop: |run, references| (RUNS.drop)(run, references).map_err(|_| 0),
            ..RUNS
        }),
    },
    Bug {
        name: "one-bad-entry-keeps-all",
        story: "Where one entry cannot be released, none is: the pins of the others leak.",
        source: "commit ad89653f79f1: pins leaked where only some could be had",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, _| {
            let mut heads = call.pages.iter().map(|page| page.compound_head());
            let bad = heads.position(|head| head.refcount() <= 0);
            bad.or_else(|| call.release(call.pages))
        }),
    },
    Bug {
        name: "go-on-after-an-error",
        story: "An entry that cannot be released is left out, and those after it are released.",
        source: "a loop with continue where it should return",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, _| {
            let stopped = call.release(call.pages)?;
            let rest = &call.pages[stopped + 1..];
            // Whatever comes of them, the first error is what the caller is told.
            call.release(rest);
            Some(stopped)
        }),
    },
    Bug {
        name: "error-is-forgotten",
        story: "An entry without a reference stops the call, and the caller is not told.",
        source: "functions that return void, as the patch's do",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Whole(|call, _| {
            call.release(call.pages);
            None
        }),
    },
    Bug {
        name: "touch-another-flag",
        story: "A flag is set that is none of a release's business.",
        source: "the flags of a page written as a whole",
        shown_by: ANY,
        scale: Scale::Small,
        run: Run::Entries(Steps {
            put: |entry| {
                // PG_waiters, which no world sets.
                set_other_flags(entry.head, 1 << 7);
                entry.call.put(entry.head, 1);
            },
            ..STEPS
        }),
    },
];
