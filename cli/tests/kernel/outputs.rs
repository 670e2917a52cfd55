//! What replay and explain print of a case that a kernel dies of.

use std::collections::BTreeSet;

use super::common::json_paths::{documented, paths};
use put_user_page_targets::known_differences::{KNOWN_DIFFERENCES, Seen};

use super::common::repository;
use super::misbehaviour::{Misbehaviour, misbehaving};

#[test]
fn a_case_that_the_kernel_dies_of_is_shown_and_explained() {
    let place = misbehaving();
    place.directory.write("bug.case", Misbehaviour::Bug.case());
    let ran = place.run(&["replay", "--backend", "kernel", "bug.case"]).code(1);
    eprintln!("{}", ran.out);
    ran.out(&[
        "put_user_pages(): kernel differs from reference\n",
        "  call 0   put_user_pages on 137 entries of array 0\n",
        "  the backend\n",
        "crashed: kernel BUG at ",
        "  from its log:\n",
        "RIP: 0010:",
        "  reproduce: ",
        "explain --backend kernel bug.case\n",
        "1 case, 1 divergence, 0 skipped\n",
    ]);
    let ran = place.run(&["replay", "--json", "--backend", "kernel", "bug.case"]).code(1).json();
    let artifact = ran["divergences"][0]["artifact"].as_str().expect("the case is saved");
    assert!(artifact.contains("/fuzz/artifacts/kernel/crash-"), "{artifact}");
    place.run(&["explain", "--backend", "kernel", artifact]).code(1).out(&[
        "as kernel sees it",
        "kernel crashed: kernel BUG at ",
        "put_user_pages(): kernel differs from reference\n",
        "  from its log:\n",
    ]);
    let explained = place.run(&["explain", "--json", "--backend", "kernel", "bug.case"]).code(1);
    let explained = explained.json();
    let kernel = &explained["backends"][1];
    assert_eq!(kernel["name"], "kernel");
    assert!(kernel["outcome"].is_null() && kernel["skipped"].is_null(), "{kernel}");
    assert!(kernel["failed"].as_str().unwrap().starts_with("crashed: kernel BUG at "), "{kernel}");
    assert_eq!(kernel["differences"][0]["subject"], "backend");
    assert!(kernel["report"]["log"].as_str().unwrap().contains("kernel BUG at"), "{kernel}");
}

/// The values of an output that other backends do not have.
fn of_kernels(output: &serde_json::Value, section: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    paths(output, "", &mut found);
    &found - &documented(section)
}

#[test]
fn what_only_a_kernel_prints_is_documented() {
    let place = misbehaving();
    place.directory.write("bug.case", Misbehaviour::Bug.case());
    place.directory.write("pin.case", Misbehaviour::LeaveAPin.case());
    place.directory.write("lock.case", Misbehaviour::KeepTheLock.case());
    place.directory.write("anon.case", "folio a from=anon\nentries a\nput_user_pages\n");
    let explain = |file, code| {
        let ran = place.run(&["explain", "--json", "--backend", "kernel", file]).code(code);
        of_kernels(&ran.json(), "explain")
    };
    let mut printed = BTreeSet::new();
    let cases = [("bug.case", 1), ("pin.case", 1), ("lock.case", 1), ("anon.case", 0)];
    for (file, code) in cases {
        printed.extend(explain(file, code));
    }
    let replayed = place.run(&["replay", "--json", "--backend", "kernel", "bug.case"]).code(1);
    printed.extend(of_kernels(&replayed.json(), "replay"));
    let candidate = repository().join("targets/c/candidates/per_run.c").display().to_string();
    let twice = ["replay", "--json", "--in-kernel", "--backend", &candidate, "anon.case"];
    printed.extend(of_kernels(&place.run(&twice).code(0).json(), "replay"));
    assert_eq!(printed, documented("kernels"));
}

#[test]
fn kernels_run_nine_in_ten_of_the_valid_cases_at_least() {
    let place = misbehaving();
    let corpus = repository().join("corpus").display().to_string();
    let backends = ["kernel", "kernel-release-pages", "kernel-unpin", "kernel-fast"];
    let mut arguments = vec!["replay", "--json"];
    arguments.extend(backends.iter().flat_map(|name| ["--backend", name]));
    arguments.push(&corpus);
    let output = place.run(&arguments).code(0).json();
    let mut seen = BTreeSet::new();
    for backend in output["backends"].as_array().unwrap() {
        let skipped = backend["skipped"].as_object().unwrap();
        seen.extend(skipped.keys().cloned());
        // What calls other functions is left to the others.
        let is_by_design =
            |reason: &str| [OVER_RELEASE, NEGATIVE].contains(&reason) || reason.starts_with(LACKS);
        let of = |by_design: bool| -> u64 {
            let reasons = skipped.iter();
            let reasons = reasons.filter(|(reason, _)| is_by_design(reason) == by_design);
            reasons.map(|(_, cases)| cases.as_u64().unwrap()).sum()
        };
        let valid = output["cases"].as_u64().unwrap() - of(true);
        assert!(of(false) * 10 <= valid, "{}: {skipped:?} of {valid}", backend["name"]);
    }
    for known in KNOWN_DIFFERENCES.iter().filter(|known| known.seen == Seen::InKernel) {
        assert!(seen.contains(known.condition), "nothing is skipped any more for {known:?}");
    }
}

const OVER_RELEASE: &str = "the case over-releases";
const NEGATIVE: &str = "a page starts with a count below zero";
const LACKS: &str = "it has no ";
