//! What tests with deliberate mistakes share.

#![allow(dead_code, reason = "each test file uses some of this")]
#![allow(unreachable_pub, reason = "test files share this")]

use std::fs;
use std::path::Path;

use put_user_page_targets::backend::Backend;
use put_user_page_targets::case::{Case, Function};
use put_user_page_targets::comparer::{Comparer, Verdict};
use put_user_page_targets::report::Report;

/// The hand-written scenarios, as they are, and with each function: what the targets do
/// with them.
pub fn scenarios() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/scenarios");
    let entries = fs::read_dir(folder).expect("the scenarios are there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.sort();
    let texts = paths.iter().map(|path| fs::read_to_string(path).expect("readable"));
    let mut cases = Vec::new();
    for text in texts {
        let case = Case::from_text(&text).expect("a good text");
        for function in Function::ALL {
            let mut only = case.clone();
            only.call_only(function);
            cases.push(only);
        }
        cases.push(case);
    }
    cases
}

/// The report of a case on a backend, if they differ.
pub fn report(case: &Case, backend: &mut dyn Backend) -> Option<Box<Report>> {
    let mut found = None;
    let compared =
        Comparer::new(vec![backend]).compare(std::slice::from_ref(case), &mut |_, _, verdict| {
            if let Verdict::Differs(report) = verdict {
                found = Some(report);
            }
        });
    compared.expect("machines in this process work");
    found
}
