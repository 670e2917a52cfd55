//! Findings: bugs have signatures of their own, and of each the smallest example is kept.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use common::{DIFFERENT, divergence, scenarios};
use put_user_page_bugs::backend::{FaultyBackend, backend};
use put_user_page_bugs::bug;
use put_user_page_case::Case;
use put_user_page_targets::comparer::Comparer;
use put_user_page_targets::divergence::Divergence;
use put_user_page_targets::findings::{Findings, Kind, Recorded, Signature, kind_of};
use put_user_page_targets::registry::{Target, target};
use put_user_page_targets::trial::Verdict;

/// The bug as a backend of this name, whatever its own: signatures begin with it.
fn wrong(name: &str) -> FaultyBackend {
    let mut wrong = backend(Some(bug(name).expect("the bank has it")));
    wrong.name = "bug".to_owned();
    wrong
}

/// What the bug has in all scenarios.
fn signatures(name: &str) -> BTreeSet<Signature> {
    let mut wrong = wrong(name);
    let mut signatures = BTreeSet::new();
    let compared = Comparer::new(vec![&mut wrong]).compare(&scenarios(), &mut |_, _, verdict| {
        if let Verdict::Differs(divergence) = verdict {
            signatures.insert(Signature::of(&divergence));
        }
    });
    compared.expect("machines in this process work");
    signatures
}

#[test]
fn mistakes_are_told_apart() {
    let of: BTreeMap<&str, BTreeSet<Signature>> =
        DIFFERENT.map(|name| (name, signatures(name))).into();
    for (name, own) in &of {
        let others = of.iter().filter(|(other, _)| *other != name).flat_map(|(_, of)| of);
        let others: BTreeSet<_> = others.collect();
        // Freeing at one never frees a page with one reference, so that it shows all of this.
        if *name != "never-free" {
            assert!(!own.iter().all(|one| others.contains(one)), "{name} is not told");
        }
    }
}

/// A case that shows a bug in a page of order 0, told at several lengths.
fn text(length: usize) -> Case {
    let text = format!("folio a repeat=9\nentries a[0..{length}]\nput_user_pages\n");
    Case::from_text(&text).expect("a good text")
}

fn of_bug(name: &str, case: &Case) -> Divergence {
    *divergence(case, &mut wrong(name)).expect("the case shows the bug")
}

fn program() -> &'static Target {
    target("program").expect("there is a target for programs")
}

#[test]
fn a_mistake_has_the_same_signature_in_cases_of_all_sizes() {
    let signature = |length| Signature::of(&of_bug("free-at-one", &text(length)));
    let folio = "folio a refs=1\nentries a a\nput_user_pages\n";
    let one = Case::from_text(folio).expect("a good text");
    let named = Signature::of(&of_bug("skip-the-last-entry", &one)).to_string();
    assert_eq!(named, "bug-put_user_pages-refcount-high-order-0");
    assert_eq!(Signature::of(&of_bug("skip-the-last-entry", &text(3))).to_string(), named);
    assert_eq!(signature(1), signature(9));
    assert_eq!(signature(1).to_string(), "bug-put_user_pages-state-live-order-0");
}

#[test]
fn a_mistake_has_one_kind_and_others_have_others() {
    let kind = |name, case| kind_of(&of_bug(name, &case));
    let one = Case::from_text("folio a refs=1\nentries a a\nput_user_pages\n").expect("a text");
    // The last page is freed by the reference in one case, and not in the other.
    assert_eq!(kind("skip-the-last-entry", one), Kind::RefcountHigh);
    assert_eq!(kind("skip-the-last-entry", text(3)), Kind::RefcountHigh);
    assert_eq!(kind("never-free", text(3)), Kind::NotFreed);
}

#[test]
fn of_each_signature_the_smallest_example_is_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let findings = Findings::new(directory.path().join("deep/artifacts"));
    let mut found = of_bug("never-free", &text(3));
    let mut record = |bytes: &[u8], log: &str| {
        found.log = log.to_owned();
        findings.record(program(), bytes, &found).expect("it can be written")
    };
    assert_eq!(record(b"middle", "BUG: one"), Recorded::New);
    assert_eq!(record(b"middle", "BUG: two"), Recorded::Known);
    assert_eq!(record(b"longer than that", "BUG: two"), Recorded::Known);
    let folder = directory.path().join("deep/artifacts/program");
    let name = "divergence-bug-put_user_pages-state-live-order-0";
    let log = folder.join("logs").join(format!("{name}.log"));
    assert_eq!(fs::read(folder.join(name)).expect("an example"), b"middle");
    assert_eq!(fs::read_to_string(&log).expect("a log"), "BUG: one");
    assert_eq!(record(b"before", "BUG: two"), Recorded::Smaller);
    assert_eq!(fs::read_to_string(&log).expect("a log"), "BUG: two");
    assert_eq!(record(b"less", ""), Recorded::Smaller);
    assert_eq!(fs::read(folder.join(name)).expect("an example"), b"less");
    assert!(!log.exists(), "the log of another example stays");
    assert_eq!(cases(&folder), [folder.join(name)]);
}

#[test]
fn many_at_once_keep_the_smallest_of_all() {
    let directory = tempfile::tempdir().expect("a directory");
    let findings = Findings::new(directory.path().to_owned());
    let found = of_bug("never-free", &text(1));
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let (findings, found) = (&findings, &found);
            scope.spawn(move || {
                for length in (1..40).rev() {
                    let bytes = vec![writer; length];
                    findings.record(program(), &bytes, found).expect("it can be written");
                }
            });
        }
    });
    let kept = findings.example(program(), &Signature::of(&found));
    assert_eq!(fs::read(kept).expect("an example"), [0]);
}

#[test]
fn what_cannot_be_written_is_an_error() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("file");
    fs::write(&file, "").expect("it can be written");
    let found = of_bug("never-free", &text(1));
    assert!(Findings::new(file).record(program(), b"", &found).is_err());
}

/// The cases in a folder: all files but dotfiles.
fn cases(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("readable").path());
    let is_case = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.is_file() && !name.starts_with('.')
    };
    paths.filter(is_case).collect()
}
