//! What is no page, taken for one: a NULL, and a negative errno for the number of entries.

use put_user_page_case::Function;

use crate::base::{GUARDING, NULLS, Nulls, SKIPPING, is_of_one_page};
use crate::{Bug, Run, Scale};

pub(super) static BUGS: &[Bug] = &[
    Bug {
        name: "null-entry-is-read",
        story: "An array had NULLs where nothing was pinned, and the first entry of a run was read \
                without a look at whether there is a page.",
        source: "commit a1268be280d8",
        shown_by: SKIPPING,
        scale: Scale::Small,
        run: Run::Nulls(Nulls {
            skips: |function, _, _| function == Function::UnpinFolios,
            ..NULLS
        }),
    },
    Bug {
        name: "length-is-an-error-number",
        story: "What pin_user_pages() returned was given on as the number of pages, also where it \
                was an error: the loop went over all memory.",
        source: "commit 146608bb75e6",
        shown_by: GUARDING,
        scale: Scale::Small,
        run: Run::Nulls(Nulls { guards: is_of_one_page, ..NULLS }),
    },
];
