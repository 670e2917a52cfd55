//! The library on the kernel's own pages: it agrees with the reference, and where its hooks, its
//! layout or its build are wrong, that is told.

use super::module_copy::{ModuleCopy, corpus};

const CASES: &str = "folio a order=2\nfolio b\nfolio c order=1\nentries a b c c a\n\
                     put_user_pages_dirty_lock\n";

const PINS: &str = "folio a order=2\nfolio b\npins a a b\nunpin_user_pages\n";

const FAST: [&str; 3] = ["replay", "--backend", "kernel-fast"];

#[test]
fn the_corpus_agrees() {
    let copy = ModuleCopy::lent();
    let corpus = corpus();
    let ran = copy.place().run(&[&FAST[..], &[&corpus]].concat()).code(0);
    ran.out(&["0 divergences", "a count has no room for the module's own reference"]);
}

#[test]
fn tail_pages_that_look_like_heads_are_told() {
    let copy = ModuleCopy::lent();
    let huge = "folio a order=9 from=hugetlb\nentries a a[64] a[128] a[511] a[64]\n\
                put_user_pages_dirty_lock\n";
    let place = copy.place();
    place.directory.write("huge.case", huge);
    let append = ["--append", "hugetlb_free_vmemmap=on", "huge.case"];
    place.run(&[&FAST[..], &append].concat()).code(0).out(&["0 divergences, 0 skipped"]);
}

/// A hook that does something else, and what the reports name then.
const WRONG_HOOKS: [(&str, &str, &str); 4] = [
    ("\tset_page_dirty(head);\n", "", "dirty"),
    ("\tunlock_page(head);\n", "", "lock"),
    ("\t__folio_put(page_folio(head));\n", "\tClearPageDirty(head);\n\tpage_ref_inc(head);\n", "a"),
    ("NR_FOLL_PIN_RELEASED, pins);", "NR_FOLL_PIN_RELEASED, 1);", "NR_FOLL_PIN_RELEASED"),
];

#[test]
fn wrong_hooks_are_found() {
    let copy = ModuleCopy::lent();
    let place = copy.place();
    place.directory.write("put.case", CASES);
    place.directory.write("pin.case", PINS);
    let cases = ["put.case", "pin.case"];
    place.run(&[&FAST[..], &cases].concat()).code(0).out(&["2 cases, 0 divergences"]);
    for (right, wrong, named) in WRONG_HOOKS {
        copy.replace("release_fast.c", right, wrong);
        place.run(&[&FAST[..], &["--kernel-free"], &cases].concat()).code(1).out(&[named]);
        copy.restore("release_fast.c");
    }
}

#[test]
fn a_layout_that_the_library_does_not_know_is_refused_by_name() {
    let copy = ModuleCopy::lent();
    let place = copy.place();
    place.directory.write("1.case", CASES);
    let refused = "kernel-fast does not know this kernel's struct page: ";
    copy.replace("about.c", "{ \"PG_dirty\", PG_dirty }", "{ \"PG_dirty\", PG_dirty + 1 }");
    place.run(&[&FAST[..], &["1.case"]].concat()).code(2).err(&[refused, "PG_dirty"]);
    copy.restore("about.c");
    copy.replace("about.c", "{ \"_refcount\",", "{ \"count\",");
    place.run(&[&FAST[..], &["1.case"]].concat()).code(2).err(&[refused, "_refcount"]);
    // The kernel's own functions do not mind.
    place.run(&["replay", "--backend", "kernel", "1.case"]).code(0);
}

#[test]
fn pages_of_devices_are_refused_by_name() {
    let copy = ModuleCopy::lent();
    let place = copy.place();
    place.directory.write("1.case", CASES);
    copy.replace("release_fast.c", "is_zone_device_page(", "PageHead(");
    let ran = place.run(&[&FAST[..], &["1.case"]].concat()).code(0);
    ran.out(&["a page is of ZONE_DEVICE", "1 skipped"]);
}
