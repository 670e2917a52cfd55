//! What a function under test does that the module lives through, and tells; and why a case is
//! skipped.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::misbehaviour::{Misbehaviour, misbehaving, wait_and_keep_the_lock};
use super::module_copy::{ModuleCopy, Place};

/// The fields that differ in a case.
#[track_caller]
fn fields(place: &Place, case: &str) -> BTreeSet<String> {
    place.directory.write("1.case", case);
    let arguments = ["replay", "--backend", "kernel", "--json", "--time-limit", "20", "1.case"];
    let output = place.run(&arguments).code(1).json();
    let subjects = output["divergences"][0]["report"]["subjects"].as_array().unwrap();
    let fields = subjects.iter().flat_map(|subject| subject["fields"].as_array().unwrap());
    let name = |field: &Value| field["field"].as_str().unwrap().to_owned();
    let fields = fields.map(name).collect();
    eprintln!("{case}{fields:#?}");
    fields
}

#[test]
fn a_page_lock_that_a_call_keeps() {
    let place = misbehaving();
    let pages = ["", "kind=file", "from=memfd", "from=file"];
    let cases = pages.map(|attributes| Misbehaviour::KeepTheLock.case_on(attributes));
    for case in cases.into_iter().chain([wait_and_keep_the_lock()]) {
        let fields = fields(&place, &case);
        assert!(fields.contains("page locks kept"), "{case}: {fields:?}");
        assert!(!fields.contains("process"), "{case}: {fields:?}");
    }
}

#[test]
fn a_wait_where_nobody_may_sleep() {
    let place = misbehaving();
    place.directory.write("1.case", Misbehaviour::KeepTheLock.case_on("locked"));
    let output = place.run(&["replay", "--backend", "kernel", "--json", "1.case"]).code(1).json();
    let report = output["divergences"][0]["report"].to_string();
    assert!(report.contains("scheduling while atomic"), "{report}");
}

#[test]
fn more_events_than_there_is_room_for() {
    let place = misbehaving();
    let fields = fields(&place, &Misbehaviour::MarkTooOften.case_on("kind=file"));
    assert!(fields.contains("events without room"), "{fields:?}");
}

/// A guest has one if it has more than 512 MiB.
#[test]
fn the_huge_zero_page_of_a_kernel() {
    let place = misbehaving();
    let case = "folio a order=9 from=huge-zero\nentries a[0]*3\nput_user_pages\n";
    place.directory.write("1.case", case);
    let arguments = ["replay", "--memory", "768", "--backend", "kernel", "--backend"];
    let arguments = [&arguments[..], &["kernel-release-pages", "1.case"]].concat();
    place.run(&arguments).code(0).out(&[
        "kernel-release-pages skipped 1 case: a page is the kernel's own huge zero page",
        "1 case, 0 divergences, 1 skipped",
    ]);
}

#[test]
fn why_user_memory_is_not_mapped() {
    let copy = ModuleCopy::lent();
    let place = copy.place();
    // A disk with nothing on it that could be mounted, in the place of a link to the right one.
    let disk = place.kernel_folder().join("disk");
    fs::remove_file(&disk).unwrap();
    fs::write(disk, [0; 4096]).unwrap();
    place.directory.write("1.case", "folio a from=file\nentries a\nput_user_page\n");
    place.run(&["replay", "--backend", "kernel", "1.case"]).code(0).out(&[
        "kernel skipped 1 case: the kernel gave no pages to a user mapping: No such device",
    ]);
}
