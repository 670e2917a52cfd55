//! The module's own code, broken: every mutation of the list is noticed, by committed cases on the
//! kernel as it is, or by their saying less of a kernel that is wrong.

mod list;

use std::collections::BTreeSet;

use self::list::{MUTATIONS, Mutation, Noticed, WRONG_PATCH};
use super::module_copy::{ModuleCopy, corpus};

const BACKENDS: [&str; 2] = ["--backend", "kernel"];

/// The fields that reports of these scenarios name; none if nothing diverges.
fn fields(copy: &ModuleCopy, scenarios: &[&str]) -> BTreeSet<String> {
    let paths: Vec<String> =
        scenarios.iter().map(|name| format!("{}/scenarios/{name}.case", corpus())).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let ran = copy.place().run(&[&["replay", "--json"], &BACKENDS[..], &paths].concat());
    assert!(ran.code == 0 || ran.code == 1, "{scenarios:?}, {}:\n{}", ran.code, ran.err);
    let output = ran.json();
    let divergences = output["divergences"].as_array().unwrap().iter();
    let subjects = divergences.flat_map(|of| of["report"]["subjects"].as_array().unwrap());
    let fields = subjects.flat_map(|subject| subject["fields"].as_array().unwrap());
    fields.map(|field| field["field"].as_str().unwrap().to_owned()).collect()
}

/// Each mutation by itself, in one test, for each builds on what the one before left built.
#[test]
#[ignore = "builds the module again and again"]
fn the_committed_cases_notice_what_tells_what_is_not_so() {
    let copy = ModuleCopy::lent();
    let those = || MUTATIONS.iter().filter(|mutation| mutation.noticed == Noticed::ByCases);
    let all: BTreeSet<&str> = those().flat_map(|mutation| mutation.scenarios).copied().collect();
    let all: Vec<&str> = all.into_iter().collect();
    assert_eq!(fields(&copy, &all), BTreeSet::new(), "with the module as it is");
    let mut missed = Vec::new();
    for Mutation { what, file, right, wrong, scenarios, .. } in those() {
        copy.replace(file, right, wrong);
        let fields = fields(&copy, scenarios);
        copy.restore(file);
        eprintln!("{what}: cases differ in {fields:?}");
        missed.extend(fields.is_empty().then_some(*what));
    }
    assert_eq!(missed, [""; 0], "no case notices these");
}

/// The checks are removed all at once, for each has a field, or a scenario, of its own.
#[test]
#[ignore = "builds the module again and again"]
fn a_wrong_kernel_is_missed_where_a_check_is_removed() {
    let copy = ModuleCopy::lent();
    for (file, right, wrong) in WRONG_PATCH {
        copy.replace(file, right, wrong);
    }
    let mut checks = Vec::new();
    for mutation in &MUTATIONS {
        let Noticed::ByMissing(field) = mutation.noticed else { continue };
        let before = fields(&copy, mutation.scenarios);
        assert!(before.contains(field), "{field} is not there to be missed: {before:?}");
        checks.push((mutation, field));
    }
    for (Mutation { file, right, wrong, .. }, _) in &checks {
        copy.replace(file, right, wrong);
    }
    let mut missed = Vec::new();
    for (Mutation { what, scenarios, .. }, field) in checks {
        let after = fields(&copy, scenarios);
        eprintln!("{what}: a wrong kernel no longer differs in {field}, but in {after:?}");
        missed.extend(after.contains(field).then_some(*what));
    }
    assert_eq!(missed, [""; 0], "removing these checks removes nothing");
}
