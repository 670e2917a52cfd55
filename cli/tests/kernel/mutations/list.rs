//! Mutations of the module, and the kernels that are wrong enough to show those of its checks.

/// A change of the module's code that makes it see less, or tell what is not so.
pub(super) struct Mutation {
    pub(super) what: &'static str,
    pub(super) file: &'static str,
    pub(super) right: &'static str,
    pub(super) wrong: &'static str,
    /// The committed scenarios that show it.
    pub(super) scenarios: &'static [&'static str],
    pub(super) noticed: Noticed,
}

/// How a mutation shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noticed {
    /// The scenarios diverge, though the kernel is right.
    ByCases,
    /// Reports of a wrong kernel no longer name this field.
    ByMissing(&'static str),
}

/// A change of a file: the file, what is there, and what is there instead.
pub(super) type Change = (&'static str, &'static str, &'static str);

/// The functions of the patch, each with a mistake of its own.
pub(super) const WRONG_PATCH: [Change; 4] = [
    (
        "release_patch.c",
        "{\n\tput_page(page);\n}\n",
        "{\n\tSetPageReferenced(compound_head(page));\n\
         \tmod_node_page_state(page_pgdat(page), NR_FILE_DIRTY, 1);\n\tput_page(page);\n}\n",
    ),
    (
        "release_patch.c",
        "\tfor (i = 0; i < npages; i++)\n\t\tpatch_put_user_page(pages[i]);\n",
        "\tfor (i = 0; i < npages; i++)\n\t\tput_page(pages[i]);\n\
         \tif (npages)\n\t\tput_page(pages[0]);\n",
    ),
    (
        "release_patch.c",
        "\t\t\tset_page_dirty(head);\n\t\tpatch_put_user_page(head);\n",
        "\t\t\tset_page_dirty(head);\n\t\tif (PageTail(pages[i]))\n\
         \t\t\tset_bit(PG_dirty, &pages[i]->flags);\n\t\tput_page(head);\n",
    ),
    (
        "release_patch.c",
        "\t\t\tset_page_dirty_lock(head);\n\t\tpatch_put_user_page(head);\n",
        "\t\t\tset_page_dirty_lock(head);\n\t\tput_page(head);\n\t\tlock_page(head);\n",
    ),
];

pub(super) const MUTATIONS: [Mutation; 23] = [
    Mutation {
        what: "an entry that took no reference takes one",
        file: "references.c",
        right: "entry->backing == CASE_UNBACKED || ",
        wrong: "",
        scenarios: &["unbacked-entry-in-a-run"],
        noticed: Noticed::ByCases,
    },
    Mutation {
        what: "the pincount is not told",
        file: "outcome.c",
        right: "\tout->pincount = trial_pincount(trial, number);\n",
        wrong: "",
        scenarios: &["pins-that-stay"],
        noticed: Noticed::ByCases,
    },
    Mutation {
        what: "it is not told which pages may be pinned after a call",
        file: "events.c",
        right: "\t\tif (unpinned)\n\t\t\tnote_pinned(trial, trial->subjects[i]);\n",
        wrong: "\t\t(void)note_pinned;\n",
        scenarios: &["pins-that-stay"],
        noticed: Noticed::ByCases,
    },
    Mutation {
        what: "the node's released pins are not told",
        file: "outcome.c",
        right: "\ttrial->pins_released = now.released_pins - before->released_pins;\n",
        wrong: "\ttrial->pins_released = 0;\n",
        scenarios: &["pins-that-stay"],
        noticed: Noticed::ByCases,
    },
    Mutation {
        what: "the node's acquired pins are not told",
        file: "outcome.c",
        right: "\ttrial->pins_acquired = now.acquired_pins - before->acquired_pins;\n",
        wrong: "\ttrial->pins_acquired = 0;\n",
        scenarios: &["pins-that-stay"],
        noticed: Noticed::ByCases,
    },
    Mutation {
        what: "the node's dirty pages are not compared",
        file: "outcome.c",
        right: "add_balance(trial, PAGEDIFF_FILE_DIRTY, ~0U, expected,\n\
                \t\t    now.file_dirty - before->file_dirty);",
        wrong: "(void)expected;",
        scenarios: &["one-page-one-reference"],
        noticed: Noticed::ByMissing("NR_FILE_DIRTY"),
    },
    Mutation {
        what: "the flags of head pages are not compared",
        file: "outcome.c",
        right: "add_stray(trial, shape->frame, WORD_OF(flags), folio->flags & ~CHANGING_FLAGS,\n\
                \t\t  head->flags & ~CHANGING_FLAGS);",
        wrong: ";",
        scenarios: &["one-page-one-reference"],
        noticed: Noticed::ByMissing("stray write, flags"),
    },
    Mutation {
        what: "tail pages are not looked at",
        file: "outcome.c",
        right: "check_tails(trial, number, ~0UL, PAGEFLAGS_MASK);",
        wrong: ";",
        scenarios: &["tails-only"],
        noticed: Noticed::ByMissing("stray write, flags"),
    },
    Mutation {
        what: "it is not compared how often a page was freed",
        file: "outcome.c",
        right: "add_balance(trial, PAGEDIFF_TIMES_FREED, number, gone, folio->times_freed);",
        wrong: "(void)gone;",
        scenarios: &["dirty-page-is-freed"],
        noticed: Noticed::ByMissing("times freed"),
    },
    Mutation {
        what: "page locks that a call returned with are not told",
        file: "outcome.c",
        right: "\t\tif (trial_lock_is_kept(trial, number))\n\
                \t\t\tadd_balance(trial, PAGEDIFF_LOCKS_KEPT, number, 0, 1);\n",
        wrong: "",
        scenarios: &["marked-before-it-is-put"],
        noticed: Noticed::ByMissing("page locks kept"),
    },
    Mutation {
        what: "that a page without a file turned dirty is dropped",
        file: "events.c",
        right: "trial_event(trial, number, PAGEDIFF_DIRTY, PAGEDIFF_UNSEEN);",
        wrong: ";",
        scenarios: &["refused-on-a-freed-page"],
        noticed: Noticed::ByCases,
    },
    Mutation {
        what: "that a page was freed is dropped",
        file: "events.c",
        right: "trial_event(trial, number, PAGEDIFF_FREED, 0);",
        wrong: ";",
        scenarios: &["one-page-one-reference"],
        noticed: Noticed::ByCases,
    },
    Mutation {
        what: "that a page was marked under its lock is dropped",
        file: "file.c",
        right: "\t\t\ttrial_event(trial, number, PAGEDIFF_LOCK, refcount);",
        wrong: "\t\t\t;",
        scenarios: &["marked-before-it-is-put"],
        noticed: Noticed::ByCases,
    },
    Mutation {
        what: "that a page of a file turned dirty is dropped",
        file: "file.c",
        right: "\t\ttrial_event(trial, number, PAGEDIFF_DIRTY, refcount);\n",
        wrong: "",
        scenarios: &["marked-before-it-is-put"],
        noticed: Noticed::ByCases,
    },
    Mutation {
        what: "that a call waited is dropped",
        file: "caller.c",
        right: "trial_event(trial, number, PAGEDIFF_WAIT, trial_refcount(trial, number));",
        wrong: ";",
        scenarios: &["waits-for-the-page-lock"],
        noticed: Noticed::ByCases,
    },
    Mutation {
        what: "the refcount is what the case gave, not the page's",
        file: "outcome.c",
        right: "\tout->refcount = trial_refcount(trial, number);\n",
        wrong: "\tout->refcount = folio->expected;\n",
        scenarios: &["all-four-functions"],
        noticed: Noticed::ByCases,
    },
    Mutation {
        what: "no live page is dirty",
        file: "outcome.c",
        right: "\tout->dirty = PageDirty(folio->head);\n",
        wrong: "",
        scenarios: &["all-four-functions"],
        noticed: Noticed::ByCases,
    },
    Mutation {
        what: "the dirty tags of a file are not read",
        file: "outcome.c",
        right: "\tout->dirty_tags = file_is_tagged(folio->head);\n",
        wrong: "",
        scenarios: &["written-back-and-marked-again"],
        noticed: Noticed::ByCases,
    },
    Mutation {
        what: "dirty pages are counted, where compound pages are to be",
        file: "outcome.c",
        right: "folio->dirty_count : folio->dirty_count / shape->pages;",
        wrong: "folio->dirty_count : folio->dirty_count;",
        scenarios: &["written-back-and-marked-again"],
        noticed: Noticed::ByCases,
    },
    Mutation {
        what: "no page was dirty when it went",
        file: "outcome.c",
        right: "\t\tout->dirty = folio->freed_dirty;\n",
        wrong: "",
        scenarios: &["dirty-page-is-freed"],
        noticed: Noticed::ByCases,
    },
    Mutation {
        what: "no page is free from the start",
        file: "references.c",
        right: "folio->is_free = trial_refcount(trial, number) == 0;",
        wrong: "folio->is_free = false;",
        scenarios: &["refused-on-a-page-never-in-use"],
        noticed: Noticed::ByCases,
    },
    Mutation {
        what: "writeback leaves pages dirty",
        file: "file.c",
        right: "\tclear_page_dirty_for_io(folio->head);\n",
        wrong: "",
        scenarios: &["written-back-and-marked-again"],
        noticed: Noticed::ByCases,
    },
    Mutation {
        what: "a page is given back dirty, and the next case gets it",
        file: "memory.c",
        right: "\tClearPageDirty(head);\n\tif (order)\n",
        wrong: "\tif (order)\n",
        scenarios: &["refused-on-a-freed-page", "one-page-one-reference"],
        noticed: Noticed::ByCases,
    },
];
