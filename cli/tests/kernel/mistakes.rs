//! Mistakes as one makes them in a patch of the kernel: each is found with committed cases,
//! and the reports name the function and what is wrong with the page.

use std::collections::{BTreeMap, BTreeSet};

use super::module_copy::{ModuleCopy, corpus};

/// A mistake in one function.
struct Mistake {
    what: &'static str,
    function: &'static str,
    right: &'static str,
    wrong: &'static str,
    /// Fields that reports of this function name, maybe among others.
    by: &'static [&'static str],
}

/// In put_user_pages().
const PUT_EACH: &str = "\tfor (i = 0; i < npages; i++)\n\t\tpatch_put_user_page(pages[i]);\n";

/// In put_user_pages_dirty().
const MARK_AND_PUT: &str = "\t\tif (!PageDirty(head))\n\
                            \t\t\tset_page_dirty(head);\n\
                            \t\tpatch_put_user_page(head);\n";

/// In put_user_pages_dirty_lock().
const MARK: &str = "\t\tif (!PageDirty(head))\n\t\t\tset_page_dirty_lock(head);\n";

/// The fields that differ, and in how many reports, by the function.
type Found = BTreeMap<String, BTreeMap<String, usize>>;

fn find(copy: &ModuleCopy, options: &[&str], paths: &[String]) -> Found {
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let arguments = [&["replay", "--json"], options, &paths].concat();
    let output = copy.place().run(&arguments).code(1).json();
    let mut found = Found::new();
    for divergence in output["divergences"].as_array().unwrap() {
        let report = &divergence["report"];
        let function = report["call"]["function"].as_str().unwrap_or("none").to_owned();
        let subjects = report["subjects"].as_array().unwrap().iter();
        let fields: BTreeSet<&str> = subjects
            .flat_map(|subject| subject["fields"].as_array().unwrap())
            .map(|field| field["field"].as_str().unwrap())
            .collect();
        let of_function = found.entry(function).or_default();
        fields.iter().for_each(|field| *of_function.entry((*field).to_owned()).or_default() += 1);
    }
    eprintln!("{found:#?}");
    found
}

/// Makes mistakes in different functions of a file, and checks that each is found.
#[track_caller]
fn are_found(file: &str, mistakes: &[Mistake], options: &[&str], paths: &[String]) {
    let copy = ModuleCopy::lent();
    for Mistake { right, wrong, .. } in mistakes {
        copy.replace(file, right, wrong);
    }
    let found = find(&copy, options, paths);
    for Mistake { what, function, by, .. } in mistakes {
        let fields = found.get(*function).unwrap_or_else(|| panic!("{what}: {found:#?}"));
        let missing: Vec<_> = by.iter().filter(|field| !fields.contains_key(**field)).collect();
        assert!(missing.is_empty(), "{what}: not by {missing:?}, but by {fields:?}");
    }
}

const PATCH: &str = "release_patch.c";
const KERNEL: &[&str] = &["--backend", "kernel"];

/// Cases on pages of real files, where a mark without the lock kills the guest, are in each
/// corpus. Here they are once.
fn scenarios() -> Vec<String> {
    vec![format!("{}/scenarios", corpus())]
}

#[test]
fn what_is_left_out_is_found() {
    let mistakes = [
        Mistake {
            what: "the last entry keeps its reference",
            function: "put_user_pages",
            right: PUT_EACH,
            wrong: "\tfor (i = 0; i + 1 < npages; i++)\n\t\tpatch_put_user_page(pages[i]);\n",
            by: &["refcount", "state"],
        },
        Mistake {
            what: "the last entry is not marked",
            function: "put_user_pages_dirty",
            right: MARK_AND_PUT,
            wrong: "\t\tif (!PageDirty(head) && i + 1 < npages)\n\
                    \t\t\tset_page_dirty(head);\n\
                    \t\tpatch_put_user_page(head);\n",
            by: &["dirty", "events"],
        },
        Mistake {
            what: "pages are marked without the lock",
            function: "put_user_pages_dirty_lock",
            right: MARK,
            wrong: "\t\tif (!PageDirty(head))\n\t\t\tset_page_dirty(head);\n",
            by: &["events", "locked", "process"],
        },
    ];
    are_found(PATCH, &mistakes, KERNEL, &scenarios());
}

#[test]
fn what_is_done_at_the_wrong_time_or_twice_is_found() {
    let mistakes = [
        Mistake {
            what: "a reference is put twice, where somebody else's is left",
            function: "put_user_pages",
            right: PUT_EACH,
            wrong: "\tfor (i = 0; i < npages; i++)\n\t\tpatch_put_user_page(pages[i]);\n\
                    \tif (npages && page_count(compound_head(pages[0])) > 2)\n\
                    \t\tpatch_put_user_page(pages[0]);\n",
            by: &["refcount"],
        },
        Mistake {
            what: "a page is marked after its reference is put",
            function: "put_user_pages_dirty",
            right: MARK_AND_PUT,
            wrong: "\t\tpatch_put_user_page(head);\n\
                    \t\tif (!PageDirty(head))\n\
                    \t\t\tset_page_dirty(head);\n",
            by: &["events"],
        },
        Mistake {
            what: "a page is marked before its holder lets go of the lock",
            function: "put_user_pages_dirty_lock",
            right: MARK,
            wrong: "\t\tif (!PageDirty(head)) {\n\
                    \t\t\tset_page_dirty(head);\n\
                    \t\t\tlock_page(head);\n\
                    \t\t\tunlock_page(head);\n\
                    \t\t}\n",
            by: &["events", "process"],
        },
    ];
    are_found(PATCH, &mistakes, KERNEL, &scenarios());
}

#[test]
fn what_is_done_to_the_wrong_page_is_found() {
    let mistakes = [
        Mistake {
            what: "a run goes on into the next page, where that has references of others",
            function: "put_user_pages",
            right: PUT_EACH,
            wrong: "\tstruct page *head = NULL;\n\n\
                    \tfor (i = 0; i < npages; i++) {\n\
                    \t\tif (!i || compound_head(pages[i - 1]) != head ||\n\
                    \t\t    page_count(head) < 1000)\n\
                    \t\t\thead = compound_head(pages[i]);\n\
                    \t\tput_page(head);\n\
                    \t}\n",
            by: &["refcount"],
        },
        Mistake {
            what: "the tail is marked instead of the head",
            function: "put_user_pages_dirty",
            right: MARK_AND_PUT,
            wrong: "\t\tif (!PageDirty(head))\n\
                    \t\t\tset_bit(PG_dirty, &pages[i]->flags);\n\
                    \t\tpatch_put_user_page(head);\n",
            by: &["stray write, flags", "dirty", "events"],
        },
        Mistake {
            what: "only the first page is asked whether it is clean",
            function: "put_user_pages_dirty_lock",
            right: MARK,
            wrong: "\t\tif (!PageDirty(compound_head(pages[0])))\n\
                    \t\t\tset_page_dirty_lock(head);\n",
            by: &["dirty", "events"],
        },
    ];
    are_found(PATCH, &mistakes, KERNEL, &[corpus()]);
}

#[test]
fn a_page_that_loses_its_last_reference_and_never_goes_is_found() {
    let mistake = Mistake {
        what: "the last reference is only counted down",
        function: "put_user_page",
        right: "{\n\tput_page(page);\n}\n",
        wrong: "{\n\tpage_ref_dec(compound_head(page));\n}\n",
        by: &["state", "refcount", "events"],
    };
    are_found(PATCH, &[mistake], &["--backend", "kernel", "--kernel-free"], &[corpus()]);
}

const PINS: &str = "pins.c";

/// unpin_user_page() as one would write it oneself, with the pincount forgotten.
const OWN_UNPIN: &str = "\
static void own_unpin(struct page *page)
{
	struct page *head = compound_head(page);

	mod_node_page_state(page_pgdat(head), NR_FOLL_PIN_RELEASED, 1);
	if (!PageHead(head))
		page_ref_sub(head, GUP_PIN_COUNTING_BIAS - 1);
	put_page(head);
}

static void unpin_each(const struct release_api *api, u8 function, struct page **pages,
";

#[test]
fn pins_that_are_not_dropped_whole_are_found() {
    let mistakes = [
        Mistake {
            what: "the pincount keeps a pin",
            function: "unpin_user_page",
            right: "static void unpin_each(const struct release_api *api, u8 function, struct page **pages,\n",
            wrong: OWN_UNPIN,
            by: &[],
        },
        Mistake {
            what: "and so it is called",
            function: "unpin_user_page",
            right: "\t\t\tapi->unpin_user_page(pages[i]);\n",
            wrong: "\t\t\town_unpin(pages[i]);\n",
            by: &["pincount"],
        },
        Mistake {
            what: "a pin is dropped as one reference",
            function: "unpin_user_pages",
            right: "\t\tapi->unpin_user_pages(pages, npages);\n",
            wrong: "\t\twhile (npages--)\n\t\t\tput_page(pages[npages]);\n",
            by: &["refcount", "NR_FOLL_PIN_RELEASED"],
        },
        Mistake {
            what: "the last page of a range is forgotten",
            function: "unpin_user_page_range_dirty_lock",
            right: "unpin_user_page_range_dirty_lock(pages[i], length, make_dirty);",
            wrong: "unpin_user_page_range_dirty_lock(pages[i], length - 1, make_dirty);",
            by: &["refcount"],
        },
    ];
    are_found(PINS, &mistakes, &["--backend", "kernel-unpin"], &[corpus()]);
}
