//! What tests with bugs share.

#![allow(dead_code, reason = "each test file uses some of this")]
#![allow(unreachable_pub, reason = "test files share this")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use put_user_page_bugs::Bug;
use put_user_page_bugs::backend::backend;
use put_user_page_case::{Case, Function};
use put_user_page_targets::backend::Backend;
use put_user_page_targets::backends::naive;
use put_user_page_targets::comparer::Comparer;
use put_user_page_targets::divergence::Divergence;
use put_user_page_targets::report::Report;
use put_user_page_targets::trial::{Trial, Verdict};

/// Bugs that differ in what they do wrong, and are not variants of each other.
pub const DIFFERENT: [&str; 17] = [
    "no-compound-head",
    "dirty-the-tail",
    "free-at-one",
    "never-free",
    "forget-the-check",
    "skip-the-last-entry",
    "mark-only-the-first",
    "put-before-mark",
    "mark-without-lock",
    "lock-dirty-pages",
    "keep-the-lock",
    "lock-two-at-once",
    "forget-the-file",
    "count-the-file-twice",
    "touch-another-flag",
    "write-into-a-tail",
    "stop-one-entry-late",
];

/// The fields that reports name, over these cases.
pub fn fields(bug: Option<&'static Bug>, cases: &[Case]) -> BTreeSet<String> {
    let mut faulty = backend(bug);
    let mut comparer = Comparer::new(vec![&mut faulty]);
    let mut fields = BTreeSet::new();
    let compared = comparer.compare(cases, &mut |_, _, verdict| {
        if let Verdict::Differs(divergence) = verdict {
            let report = Report::of(&divergence);
            let named = report.subjects.iter().flat_map(|subject| &subject.fields);
            fields.extend(named.map(|field| field.field.clone()));
        }
    });
    compared.expect("machines in this process work");
    fields
}

/// The hand-written scenarios, as they are.
pub fn written_scenarios() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/scenarios");
    let entries = fs::read_dir(folder).expect("the scenarios are there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "case"));
    paths.sort();
    let texts = paths.iter().map(|path| fs::read_to_string(path).expect("readable"));
    texts.map(|text| Case::from_text(&text).expect("a good text")).collect()
}

/// The same, and with each function: what the targets do with them.
pub fn scenarios() -> Vec<Case> {
    let mut cases = Vec::new();
    for case in written_scenarios() {
        for function in Function::ALL {
            let mut only = case.clone();
            only.call_only(function);
            cases.push(only);
        }
        cases.push(case);
    }
    cases
}

/// The divergence of a case on a backend, if there is one.
pub fn divergence(case: &Case, backend: &mut dyn Backend) -> Option<Box<Divergence>> {
    let mut reference = naive();
    let verdict = Trial::of(case, &mut reference).run_on(backend, &mut reference);
    match verdict.expect("machines in this process work") {
        Verdict::Differs(divergence) => Some(divergence),
        Verdict::Same | Verdict::Skipped(_) => None,
    }
}
