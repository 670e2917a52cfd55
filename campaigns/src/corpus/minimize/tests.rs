//! Minimising without engines: named states and bugs are not lost.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use fastrand::Rng;
use put_user_page_case::Case;
use put_user_page_targets::generator;
use put_user_page_targets::harness::Harness;
use put_user_page_targets::registry::target;

use super::*;
use crate::corpus::candidates::name_of;
use crate::corpus::read_files;

/// A repository with these committed and found inputs of a target.
fn repository(name: &str, committed: &Files, working: &Files) -> (tempfile::TempDir, Root) {
    let directory = tempfile::tempdir().expect("a directory");
    let root = Root { root: directory.path().to_owned() };
    std::fs::create_dir(directory.path().join("corpus")).expect("there is room");
    let target = target(name).expect("a target");
    replace(&root.of_target(target).expect("it is there"), &Files::new(), committed)
        .expect("there is room");
    replace(&root.working(target), &Files::new(), working).expect("there is room");
    (directory, root)
}

fn drawn(seed: u64, inputs: usize) -> Files {
    let mut rng = Rng::with_seed(seed);
    let cases = (0..inputs).map(|_| generator::case(&mut rng).encode());
    cases.map(|bytes| (name_of(&bytes), bytes)).collect()
}

fn minimise(root: &Root, name: &str) -> CorpusRecord {
    let target = target(name).expect("a target");
    run_on(root, target, None, &Steps::new()).expect("it can be minimised")
}

fn files(root: &Root, name: &str) -> [Files; 2] {
    let target = target(name).expect("a target");
    [root.of_target(target).expect("it is there"), root.working(target)]
        .map(|directory| read_files(&directory).expect("readable"))
}

#[test]
fn a_corpus_gets_small_and_loses_nothing() {
    let mut committed = drawn(1, 100);
    let scenario = Case::from_text("folio a\nentries a\nput_user_page\n").expect("a good text");
    committed.insert("scenario-one".to_owned(), scenario.encode());
    committed.insert("scenario-two".to_owned(), scenario.encode());
    let (_directory, root) = repository("program", &committed, &drawn(2, 900));
    let first = minimise(&root, "program");
    assert_eq!((first.before.inputs, first.merged.inputs), (102, 1002));
    assert!(first.after.inputs < 60, "{first:?}");
    assert!(!first.kept.iter().any(KeptRecord::is_lost), "{first:?}");
    assert!(first.kept.iter().all(|kept| kept.before > 10 && kept.before <= kept.merged));
    let [committed, working] = files(&root, "program");
    assert_eq!(committed, working);
    assert_eq!(first.after, size(committed.values()));
    let written = std::fs::read_to_string(root.root.join("corpus/program.outcomes"));
    let written = put_user_page_targets::written::from_file(&written.expect("it is there"));
    assert!(written.keys().eq(committed.keys()));
    assert!(committed.contains_key("scenario-one") && committed.contains_key("scenario-two"));
    // It comes to rest soon. A bug counts for one input only, the first of those that find
    // it, and what was chosen may come in another order.
    let mut before = first.after;
    for _ in 0..4 {
        let committed = files(&root, "program");
        let again = minimise(&root, "program");
        assert_eq!((again.before, again.merged), (before, before));
        assert!(!again.kept.iter().any(KeptRecord::is_lost), "{again:?}");
        if again.after == before {
            assert_eq!(files(&root, "program"), committed);
            return;
        }
        assert!(again.after.inputs < before.inputs, "{again:?}");
        before = again.after;
    }
    panic!("{before:?} is not the end");
}

#[test]
fn inputs_are_kept_as_the_target_sees_them() {
    let text = "folio a order=9 refs=1\nentries a[0..512]\nput_user_pages_dirty_lock\n";
    let mut raw = Case::from_text(text).expect("a good text").encode();
    raw.extend(b"rest");
    let working = Files::from([("id:000".to_owned(), raw)]);
    let (_directory, root) = repository("put_user_page", &Files::new(), &working);
    minimise(&root, "put_user_page");
    let [committed, _] = files(&root, "put_user_page");
    let (name, bytes) = committed.first_key_value().expect("one input");
    let target = target("put_user_page").expect("a target");
    assert_eq!(*bytes, Harness::canonical(target, bytes));
    assert_eq!(*name, name_of(bytes));
}

#[test]
fn where_something_would_be_lost_the_old_corpora_stay() {
    let [committed, working] = [drawn(4, 5), drawn(5, 5)];
    let (_directory, root) = repository("program", &committed, &working);
    let target = target("program").expect("a target");
    let candidates = candidates::gather(&root, target).expect("readable");
    let kept = KeptRecord { what: "states".to_owned(), before: 3, merged: 3, after: 2 };
    let choice = Choice { chosen: vec![0], kept: vec![kept] };
    let record = finish(&root, target, candidates, choice).expect("it can be told");
    assert_eq!((record.before.inputs, record.merged.inputs, record.after.inputs), (5, 10, 1));
    assert_eq!(files(&root, "program"), [committed, working]);
}

#[test]
fn what_is_new_makes_up_for_nothing_that_is_lost() {
    let kind = |of: &[&[u32]]| Kind { what: "tuples", of: of.iter().map(|f| f.to_vec()).collect() };
    let kept = kept(&kind(&[&[1, 2], &[3]]), &kind(&[&[1, 4], &[5, 6]]), &[0]);
    assert_eq!((kept.before, kept.merged, kept.after), (2, 3, 1));
    assert!(kept.is_lost());
}

/// Names the repository in which [`with_a_wrong_candidate`] works.
const ROOT: &str = "PAGEDIFF_TEST_ROOT";

#[test]
#[ignore = "needs a candidate, which the test that follows names"]
fn with_a_wrong_candidate() {
    let Some(root) = std::env::var_os(ROOT) else { return };
    let record = minimise(&Root { root: PathBuf::from(root) }, "candidate");
    assert!(!record.kept.iter().any(KeptRecord::is_lost), "{record:?}");
}

#[test]
fn what_diverges_is_a_finding_and_not_committed() {
    let case = |text: &str| {
        let bytes = Case::from_text(text).expect("a good text").encode();
        (name_of(&bytes), bytes)
    };
    let diverges = case("folio a refs=2\nentries a a\nput_user_pages\n");
    let committed_diverges = case("folio a refs=3\nentries a a a\nput_user_pages\n");
    let agrees = case("folio a refs=1\nentries a\nput_user_pages_dirty\n");
    let committed = Files::from([committed_diverges.clone()]);
    let working = Files::from([diverges.clone(), agrees.clone()]);
    let (directory, root) = repository("candidate", &committed, &working);
    let (code, library) = (directory.path().join("wrong.c"), directory.path().join("wrong.so"));
    // Has two of the functions, one of which does nothing.
    let text = "#include \"put_user_page.h\"
        void put_user_pages(struct page **pages, unsigned long npages) {}";
    std::fs::write(&code, text).expect("there is room");
    let header = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../targets/c");
    let mut compiler = Command::new("cc");
    compiler.args(["-fPIC", "-shared", "-I"]).arg(header).arg(&code).arg("-o").arg(&library);
    assert!(compiler.status().expect("there is a compiler").success());
    let program = std::env::current_exe().expect("it runs");
    let name = "corpus::minimize::tests::with_a_wrong_candidate";
    let mut child = Command::new(program);
    child.args(["--exact", name, "--ignored", "--nocapture"]);
    child.env("PUT_USER_PAGE_CANDIDATE", &library).env(ROOT, directory.path());
    let output = child.output().expect("it starts");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("candidate: 1 input diverged, and went to fuzz/artifacts"), "{told}");
    assert!(
        told.contains("candidate: kept 1 input of corpus/candidate that diverged: see `"),
        "{told}"
    );
    let [committed, working] = files(&root, "candidate");
    let names: BTreeSet<String> = committed.keys().cloned().collect();
    assert_eq!(names, BTreeSet::from([agrees.0, committed_diverges.0]));
    assert_eq!(committed, working);
    let artifacts = std::fs::read_dir(root.artifacts().join("candidate")).expect("a finding");
    let examples = artifacts.flatten().filter(|entry| {
        entry.file_name().to_string_lossy().starts_with("divergence-")
            && std::fs::read(entry.path()).expect("readable") == diverges.1
    });
    assert_eq!(examples.count(), 1);
}
