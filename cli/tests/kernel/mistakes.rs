//! Mistakes as one makes them in a patch of the kernel: each is found with the committed
//! corpus, and the reports name what is wrong.

use std::collections::{BTreeMap, BTreeSet};

use super::module_copy::{ModuleCopy, corpus};

const PATCH: &str = "release_patch.c";
const UNPIN: &str = "release_unpin.c";

/// In release_patch.c, the body of the loop that puts only.
const PUT_EACH: &str = "\tfor (i = 0; i < npages; i++)\n\t\tpatch_put_user_page(pages[i]);\n";
/// The mark of the function that takes no lock, and the put behind it.
const MARK_AND_PUT: &str = "\t\tif (!PageDirty(head))\n\t\t\tset_page_dirty(head);\n\
                            \t\tpatch_put_user_page(head);\n";
const MARK_LOCKED: &str = "\t\t\tset_page_dirty_lock(head);\n";
const MARK_LOCKED_AND_PUT: &str = "\t\tif (!PageDirty(head))\n\
                                   \t\t\tset_page_dirty_lock(head);\n\
                                   \t\tpatch_put_user_page(head);\n";

/// What differs over the corpus, and how often.
fn fields_that_differ(copy: &ModuleCopy, options: &[&str]) -> BTreeMap<String, usize> {
    let corpus = corpus();
    let arguments = [&["replay", "--json"], options, &[&corpus]].concat();
    let output = copy.place().run(&arguments).code(1).json();
    let mut fields = BTreeMap::new();
    for divergence in output["divergences"].as_array().unwrap() {
        let subjects = divergence["report"]["subjects"].as_array().unwrap().iter();
        let named: BTreeSet<String> = subjects
            .flat_map(|subject| subject["fields"].as_array().unwrap())
            .map(|field| field["field"].as_str().unwrap().to_owned())
            .collect();
        named.into_iter().for_each(|field| *fields.entry(field).or_default() += 1);
    }
    fields
}

/// Makes a mistake, and checks that it is found, by these fields among others.
#[track_caller]
fn is_found(file: &str, right: &str, wrong: &str, options: &[&str], by: &[&str]) {
    let Some(copy) = ModuleCopy::new() else { return };
    copy.replace(file, right, wrong);
    let fields = fields_that_differ(&copy, options);
    eprintln!("{fields:?}");
    for field in by {
        assert!(fields.contains_key(*field), "not by {field}, but by {fields:?}");
    }
}

const KERNEL: &[&str] = &["--backend", "kernel"];
const KERNEL_UNPIN: &[&str] = &["--backend", "kernel-unpin"];

#[test]
fn a_tail_that_is_marked_instead_of_the_head_is_found() {
    let wrong = "\t\tif (!PageDirty(head))\n\t\t\tset_bit(PG_dirty, &pages[i]->flags);\n\
                 \t\tpatch_put_user_page(head);\n";
    is_found(PATCH, MARK_AND_PUT, wrong, KERNEL, &["stray write, flags", "dirty", "events"]);
}

#[test]
fn a_reference_that_is_kept_is_found() {
    let wrong = "\tfor (i = 0; i + 1 < npages; i++)\n\t\tpatch_put_user_page(pages[i]);\n";
    is_found(PATCH, PUT_EACH, wrong, KERNEL, &["refcount", "state"]);
}

#[test]
fn a_reference_that_is_put_twice_is_found() {
    // Where somebody else's is left to put.
    let wrong = "\tfor (i = 0; i < npages; i++)\n\t\tpatch_put_user_page(pages[i]);\n\
                 \tif (npages && page_count(compound_head(pages[0])) > 2)\n\
                 \t\tpatch_put_user_page(pages[0]);\n";
    is_found(PATCH, PUT_EACH, wrong, KERNEL, &["refcount"]);
}

#[test]
fn a_mark_after_the_put_is_found() {
    let wrong = "\t\tpatch_put_user_page(head);\n\t\tif (!PageDirty(head))\n\
                 \t\t\tset_page_dirty_lock(head);\n";
    is_found(PATCH, MARK_LOCKED_AND_PUT, wrong, KERNEL, &["events"]);
}

#[test]
fn a_mark_without_the_lock_is_found() {
    is_found(PATCH, MARK_LOCKED, "\t\t\tset_page_dirty(head);\n", KERNEL, &["events", "locked"]);
}

#[test]
fn a_mark_before_a_holder_lets_go_of_the_lock_is_found() {
    let wrong = "\t\t\tset_page_dirty(head);\n\t\tlock_page(head);\n\t\tunlock_page(head);\n";
    is_found(PATCH, MARK_LOCKED, wrong, KERNEL, &["events"]);
}

#[test]
fn a_check_of_the_first_page_only_is_found() {
    let wrong = "\t\tif (!PageDirty(compound_head(pages[0])))\n\t\t\tset_page_dirty_lock(head);\n\
                 \t\tpatch_put_user_page(head);\n";
    is_found(PATCH, MARK_LOCKED_AND_PUT, wrong, KERNEL, &["dirty", "events"]);
}

#[test]
fn a_run_that_goes_on_into_the_next_page_is_found() {
    // Where the page has a reference of somebody else's for it.
    let wrong = "\tstruct page *head = NULL;\n\n\
                 \tfor (i = 0; i < npages; i++) {\n\
                 \t\tif (!i || compound_head(pages[i - 1]) != head || page_count(head) < 1000)\n\
                 \t\t\thead = compound_head(pages[i]);\n\
                 \t\tput_page(head);\n\
                 \t}\n";
    is_found(PATCH, PUT_EACH, wrong, KERNEL, &["refcount"]);
}

#[test]
fn a_page_that_loses_its_last_reference_and_never_goes_is_found() {
    let right = "{\n\tput_page(page);\n}\n";
    let wrong = "{\n\tpage_ref_dec(compound_head(page));\n}\n";
    let options = &["--backend", "kernel", "--kernel-free"];
    is_found(PATCH, right, wrong, options, &["state"]);
}

#[test]
fn a_lost_mark_of_the_last_entry_is_found() {
    let wrong = "\t\tif (!PageDirty(head) && i + 1 < npages)\n\t\t\tset_page_dirty_lock(head);\n\
                 \t\tpatch_put_user_page(head);\n";
    is_found(PATCH, MARK_LOCKED_AND_PUT, wrong, KERNEL, &["dirty", "events"]);
}

/// unpin_user_page() as one would write it oneself, with two statements to leave out.
fn own_unpin(pincount: &str, bias: &str) -> String {
    format!(
        "static void own_unpin(struct page *page)\n\
         {{\n\
         \tstruct page *head = compound_head(page);\n\n\
         \tmod_node_page_state(page_pgdat(head), NR_FOLL_PIN_RELEASED, 1);\n\
         \tif (PageHead(head)) {{\n\
         \t\t{pincount}\n\
         \t\tput_page(head);\n\
         \t}} else {{\n\
         \t\tpage_ref_sub(head, {bias} - 1);\n\
         \t\tput_page(head);\n\
         \t}}\n\
         }}\n\n\
         const struct release_way unpin_way = {{\n"
    )
}

#[track_caller]
fn own_unpin_is_found(pincount: &str, bias: &str, by: &[&str]) {
    let Some(copy) = ModuleCopy::new() else { return };
    copy.replace(UNPIN, "const struct release_way unpin_way = {\n", &own_unpin(pincount, bias));
    let right = ".put_user_page = unpin_user_page,";
    copy.replace(UNPIN, right, ".put_user_page = own_unpin,");
    let fields = fields_that_differ(&copy, KERNEL_UNPIN);
    eprintln!("{fields:?}");
    for field in by {
        assert!(fields.contains_key(*field), "not by {field}, but by {fields:?}");
    }
}

#[test]
fn a_pin_that_stays_in_the_pincount_is_found() {
    own_unpin_is_found("", "GUP_PIN_COUNTING_BIAS", &["pincount"]);
}

#[test]
fn a_pin_that_is_dropped_as_one_reference_is_found() {
    let pincount = "folio_set_pins(head, folio_pins(head) - 1);";
    own_unpin_is_found(pincount, "1", &["refcount", "references short of a whole pin"]);
}
