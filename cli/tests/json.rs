//! docs/explain-json.md against what is printed: every value is documented, and every
//! documented one is there.

mod common;

use std::collections::BTreeSet;

use common::json_paths::{documented, paths};
use common::{CASE, Directory, OVER_RELEASE};
use serde_json::Value;

fn assert_documented(section: &str, outputs: &[Value]) {
    let mut found = BTreeSet::new();
    outputs.iter().for_each(|output| paths(output, "", &mut found));
    let documented = documented(section);
    let missing: Vec<_> = found.difference(&documented).collect();
    let stale: Vec<_> = documented.difference(&found).collect();
    assert!(missing.is_empty(), "not in docs/explain-json.md: {missing:#?}");
    assert!(stale.is_empty(), "in docs/explain-json.md, but not printed: {stale:#?}");
}

/// Writes to pages that it should leave alone, and forgets the last entry.
const WRITES: &str = "#include \"put_user_page.h\"\n\
    void put_user_pages(struct page **pages, unsigned long npages)\n\
    { for (unsigned long i = 0; i + 1 < npages; i++) { pages[i]->index++; put_page(pages[i]); } }\n";

/// A directory with cases and candidates that between them show every value.
fn with_all() -> Directory {
    let directory = Directory::new();
    directory.compile("broken/crash");
    directory.compile_code("writes", WRITES);
    directory.write("corpus/program/1.case", format!("{CASE}clean big\n"));
    directory.write("corpus/put_user_pages/1.case", format!("{CASE}clean big\n"));
    directory.write("2.case", format!("folio z\n{OVER_RELEASE}"));
    directory.write(
        "4.case",
        "folio a order=1 refs=1\npins a a\nunpin_user_pages slice=1..\nunpin_user_pages errno=14\n",
    );
    directory.write("3.case", "folio a\nentries a\nput_user_pages\nacquire\n");
    directory
}

#[test]
fn explain_prints_what_its_document_says() {
    let directory = with_all();
    let candidates = ["explain", "--json", "--backend", "./crash.so", "--backend", "./writes.so"];
    let explain =
        |file, code| directory.run(&[&candidates[..], &[file]].concat()).code(code).json();
    let mut outputs = vec![
        explain("corpus/put_user_pages/1.case", 1),
        explain("3.case", 1),
        explain("2.case", 0),
    ];
    outputs.push(directory.run(&["explain", "--json", "4.case"]).code(0).json());
    outputs.push(directory.run(&["explain", "--json", "corpus/program/1.case"]).code(0).json());
    assert_documented("explain", &outputs);
}

#[test]
fn replay_prints_what_its_document_says() {
    let directory = with_all();
    let arguments = ["replay", "--json", "--backend", "./writes.so", "corpus", "2.case"];
    let output = directory.run(&arguments).code(1).json();
    assert_eq!(output["cases"], 3);
    assert_documented("replay", &[output]);
}

#[test]
fn list_prints_what_its_document_says() {
    let output = Directory::new().run(&["list", "--json"]).code(0).json();
    assert_documented("list", &[output]);
}
