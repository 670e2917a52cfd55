//! Guests that die in the middle of a run: each death is put down to its case, and every
//! other case has its result.

use std::collections::BTreeMap;

use serde_json::Value;

use super::common::Directory;
use super::misbehaviour::{Misbehaviour, among_others, misbehaving, nothing_is_lost};
use super::module_copy::{Place, corpus};

/// What ends by itself may take as long as a loaded machine needs.
const LONG: &str = "300";

/// What is wrong with the backend, by the file.
fn failures(output: &Value) -> BTreeMap<String, String> {
    let divergences = output["divergences"].as_array().unwrap().iter();
    let failure = |divergence: &Value| {
        let file = divergence["file"].as_str().unwrap().to_owned();
        let subject = &divergence["report"]["subjects"][0];
        assert!(subject["subject"].as_str().unwrap().starts_with("the backend"), "{subject}");
        (file, subject["fields"][0]["backend"].as_str().unwrap().to_owned())
    };
    divergences.map(failure).collect()
}

/// Runs the special cases among others, and returns what is told of each.
#[track_caller]
fn run(
    place: &Place,
    special: &[Misbehaviour],
    seconds: &str,
) -> (BTreeMap<String, String>, Value) {
    let names: Vec<String> =
        special.iter().enumerate().map(|(number, how)| format!("{number}-{how:?}.case")).collect();
    for (name, how) in names.iter().zip(special) {
        place.directory.write(name, how.case());
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let arguments = among_others(&names, &["--json", "--time-limit", seconds]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ran = place.run(&arguments).code(1);
    let output = nothing_is_lost(place, special.len(), ran);
    let told = failures(&output);
    eprintln!("{told:#?}");
    (told, output)
}

/// Checks that the case and the kernel's log are kept as the output says.
#[track_caller]
fn is_kept(place: &Place, divergence: &Value, log: &str) {
    let artifact = divergence["artifact"].as_str().unwrap();
    let folder = place.directory.path().join("fuzz/artifacts/kernel");
    let start = format!("{}/crash-", folder.display());
    assert!(artifact.starts_with(&start), "{artifact}");
    let kept = |name: &str| std::fs::read(name).unwrap();
    let case = Directory::new();
    case.write("1.case", divergence["report"]["case"].as_str().unwrap());
    case.run(&["assemble", "1.case", "-o", "1"]).code(0);
    assert_eq!(kept(artifact), case.read("1"));
    let log_file = artifact.replace("/kernel/crash-", "/kernel/logs/crash-") + ".log";
    let kept = String::from_utf8(kept(&log_file)).unwrap();
    assert_eq!(divergence["report"]["log"], kept);
    assert!(kept.contains(log), "no `{log}` in:\n{kept}");
}

#[test]
fn cases_that_crash_the_kernel_are_told_apart_from_all_others() {
    let place = misbehaving();
    let special = [Misbehaviour::Bug, Misbehaviour::Warning, Misbehaviour::Oops];
    let (told, output) = run(&place, &special, LONG);
    let expected = [
        ("0-Bug.case", "crashed: kernel BUG at "),
        ("1-Warning.case", "crashed: WARNING: CPU: 0 PID: "),
        ("2-Oops.case", "crashed: BUG: kernel NULL pointer dereference, address: 0"),
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (divergence, (file, how)) in output["divergences"].as_array().unwrap().iter().zip(expected)
    {
        assert!(told[file].starts_with(how), "{told:#?}");
        assert!(!told[file].contains("after other cases"), "{told:#?}");
        is_kept(&place, divergence, "RIP: 0010:misbehave+");
        is_kept(&place, divergence, "Kernel panic - not syncing");
    }
}

#[test]
fn cases_that_hang_the_kernel_are_told_apart_from_all_others() {
    let place = misbehaving();
    let (told, output) =
        run(&place, &[Misbehaviour::Hang, Misbehaviour::HangWithoutInterrupts], "3");
    let hung = || "hung: no end after 3 s".to_owned();
    let expected =
        [("0-Hang.case".to_owned(), hung()), ("1-HangWithoutInterrupts.case".to_owned(), hung())];
    assert_eq!(told, BTreeMap::from(expected));
    for divergence in output["divergences"].as_array().unwrap() {
        is_kept(&place, divergence, "pagediff: loading out-of-tree module");
    }
}

#[test]
fn a_case_that_crashes_the_kernel_only_after_another_is_told_as_such() {
    let place = misbehaving();
    let (told, output) = run(&place, &[Misbehaviour::BugTheSecondTime; 2], LONG);
    assert_eq!(told.len(), 1, "{told:#?}");
    let how = &told["1-BugTheSecondTime.case"];
    assert!(how.starts_with("crashed: kernel BUG at "), "{how}");
    assert!(how.ends_with(", but only after other cases"), "{how}");
    is_kept(&place, &output["divergences"][0], "RIP: 0010:misbehave+");
}

#[test]
fn a_crash_that_takes_a_case_long_before_is_not_lost() {
    let place = misbehaving();
    for name in ["first.case", "second.case"] {
        place.directory.write(name, Misbehaviour::BugTheSecondTime.case());
    }
    // Replayed in two batches, so that no batch has both.
    let corpus = corpus();
    let paths = ["first.case", &corpus, &corpus, "second.case"];
    let arguments = [&["replay", "--backend", "kernel", "--json"], &paths[..]].concat();
    let told = failures(&place.run(&arguments).code(1).json());
    eprintln!("{told:#?}");
    assert_eq!(told.len(), 1, "{told:#?}");
    let how = &told["no case alone"];
    assert!(how.starts_with("crashed: kernel BUG at "), "{how}");
    assert!(how.ends_with("; not again when the same cases ran one by one"), "{how}");
}

#[test]
fn a_kernel_that_dies_again_and_again_is_not_asked_any_more() {
    let place = misbehaving();
    let names: Vec<String> = (10..36).map(|number| format!("{number}.case")).collect();
    for name in &names {
        place.directory.write(name, Misbehaviour::Bug.case());
    }
    let names = names.iter().map(String::as_str);
    let arguments: Vec<&str> = ["replay", "--backend", "kernel"].into_iter().chain(names).collect();
    // The first batch is of one case, which always runs; then the first tells something new.
    place.run(&arguments).code(1).out(&[
        "26 cases, 22 diverge, 1 distinct finding",
        "kernel skipped 4 cases: it died on 21 cases before, and is not asked any more",
        "26 cases, 22 divergences, 4 skipped",
    ]);
}
