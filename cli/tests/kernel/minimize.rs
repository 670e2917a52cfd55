//! Divergences of the kernel, made as small as they can be.

use super::module_copy::ModuleCopy;

/// A case with much in it that has nothing to do with the mistake.
const CASE: &str = "\
folio a order=4 kind=file refs=2
folio b dirty
entries a[0..16] b a[3]*7
put_user_pages slice=0..9
acquire
put_user_pages_dirty_lock slice=2..5
put_user_pages
";

/// In put_user_pages().
const PUT_EACH: &str = "\tfor (i = 0; i < npages; i++)\n\t\tpatch_put_user_page(pages[i]);\n";

/// Minimises a case with a mistake in put_user_pages(), and returns the text of what is left.
fn minimized(case: &str, mistake: &str, signature: &str) -> String {
    let copy = ModuleCopy::lent();
    copy.replace("release_patch.c", PUT_EACH, mistake);
    let place = copy.place();
    // Where its target's inputs are, so that the kernel's ways need not be named.
    place.directory.write("artifacts/kernel/1.case", case);
    place.run(&["minimize", "artifacts/kernel/1.case"]).code(0).out(&[signature]);
    String::from_utf8(place.directory.read("artifacts/kernel/1.min.case")).unwrap()
}

#[test]
fn a_mistake_is_all_that_is_left() {
    let mistake = "\tfor (i = 0; i < npages && i < 3; i++)\n\t\tpatch_put_user_page(pages[i]);\n";
    let signature = "kernel-put_user_pages-refcount-high-compound-tails";
    let least = minimized(CASE, mistake, signature);
    assert_eq!(least, "folio a order=1\nentries a[1]*4\nput_user_pages\n");
}

#[test]
fn a_case_that_kills_the_guest_is_minimised_too() {
    let mistake = "\tBUG_ON(npages > 3);\n\
                   \tfor (i = 0; i < npages; i++)\n\t\tpatch_put_user_page(pages[i]);\n";
    // Each try that shows it costs a guest.
    let case = "folio a dirty\nentries a*5\nput_user_pages\n";
    let signature = "kernel-put_user_pages-crashed-in-patch_put_user_pages-order-0";
    let least = minimized(case, mistake, signature);
    assert_eq!(least, "folio a\nentries a[0]*4\nput_user_pages\n");
}
