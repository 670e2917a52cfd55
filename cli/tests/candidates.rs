//! Candidates: shared objects held against the reference.

mod common;

use std::process::Command;

use common::{CASE, Directory, OVER_RELEASE, Ran, repository};

/// What ends by itself may take as long as a loaded machine needs.
fn replay(directory: &Directory, candidate: &str, files: &[&str]) -> Ran {
    replay_within("300", directory, candidate, files)
}

fn replay_within(seconds: &str, directory: &Directory, candidate: &str, files: &[&str]) -> Ran {
    let mut arguments = vec!["replay", "--backend", "reference", "--backend", candidate];
    arguments.extend(["--time-limit", seconds]);
    arguments.extend(files);
    directory.run(&arguments)
}

/// Compiles a candidate, and writes the case and its bytes beside it.
fn with(candidate: &str) -> Directory {
    let directory = Directory::new();
    directory.compile(candidate);
    directory.write("1.case", CASE);
    directory.run(&["assemble", "1.case", "-o", "2"]).code(0);
    directory
}

#[test]
fn the_examples_do_as_the_reference_does() {
    for example in ["per_entry", "per_run"] {
        let directory = with(example);
        let candidate = format!("{example}.so");
        let corpus = repository().join("corpus");
        let ran = replay(&directory, &candidate, &["1.case", "2", corpus.to_str().unwrap()]);
        ran.code(0).out(&[" cases, 0 divergences, ", "the case over-releases"]);
    }
}

#[test]
fn a_candidate_in_rust_does_as_the_reference_does() {
    let directory = Directory::new();
    let source = repository().join("targets/rust/put_each.rs");
    let rustc = Command::new("rustc")
        .args(["--edition", "2024", "-O", "--crate-type", "cdylib", "-o"])
        .args([directory.path().join("put_each.so"), source])
        .status();
    assert!(rustc.unwrap().success());
    let corpus = repository().join("corpus/put_user_pages");
    let ran = replay(&directory, "./put_each.so", &[corpus.to_str().unwrap()]);
    ran.code(0).out(&[" cases, 0 divergences, "]);
}

#[test]
fn over_release_is_skipped_with_its_reason() {
    let directory = with("per_run");
    directory.write("3.case", OVER_RELEASE);
    let ran = replay(&directory, "./per_run.so", &["1.case", "3.case"]).code(0);
    let skipped = "./per_run.so skipped 1 case: the case over-releases\n";
    assert_eq!(ran.out, format!("{skipped}2 cases, 0 divergences, 1 skipped\n"));
}

#[test]
fn a_mistake_is_reported_with_function_page_and_field() {
    let directory = with("per_run_mistake");
    directory.write("3.case", "folio a dirty\nfolio b\nentries a b\nput_user_pages_dirty\n");
    let ran = replay(&directory, "./per_run_mistake.so", &["3.case"]).code(1);
    ran.out(&[
        "put_user_pages_dirty(): ./per_run_mistake.so differs from reference",
        "page b, order 0, anon, frame 1, named by entry 1",
        "dirty    ",
        "reproduce: cargo run --release -- explain --backend reference \
         --backend ./per_run_mistake.so --time-limit 300 3.case\n",
        "1 case, 1 divergence, 0 skipped\n",
    ]);
    let explain = ["explain", "--backend", "./per_run_mistake.so", "3.case"];
    directory.run(&explain).code(1).out(&["./per_run_mistake.so did something else", "page b"]);
}

/// Mistakes with pins, each in the example that is right, and a case that shows it.
#[test]
fn mistakes_with_pins_are_reported() {
    let right = include_str!("../../targets/c/candidates/per_run.c");
    let mistakes = [
        ("atomic_sub(pins,", "atomic_sub(1,", "folio a order=1\npins a a\nunpin_user_pages\n"),
        ("references *=", "references =", "folio a refs=1\npins a a\nunpin_user_pages\n"),
        ("is_zero_page(head)", "false", "folio a from=zero\npins a\nunpin_folios\n"),
        (
            "run > npages",
            "run > npages + 1",
            "folio a order=2 refs=1\npins a[0..3]\nunpin_user_page_range_dirty_lock\n",
        ),
        ("NR_FOLL_PIN_RELEASED", "NR_FOLL_PIN_ACQUIRED", "folio a\npins a\nunpin_user_folio\n"),
    ];
    for (correct, wrong, case) in mistakes {
        assert_eq!(right.matches(correct).count(), 1, "{correct}");
        let directory = Directory::new();
        directory.write("1.case", case);
        directory.write("mine.c", right);
        let replay = ["replay", "--backend", "mine.c", "1.case"];
        directory.run(&replay).code(0).out(&["1 case, 0 divergences, 0 skipped"]);
        directory.write("mine.c", right.replace(correct, wrong));
        directory.run(&replay).code(1).out(&["mine.c differs from reference"]);
    }
}

#[test]
fn a_crash_is_a_divergence() {
    let directory = with("broken/crash");
    let ran = replay(&directory, "./crash.so", &["--target", "put_user_pages", "1.case", "2"]);
    // The second case is run although the first one ended the process.
    ran.code(1).out(&["crashed: signal 11, SIGSEGV", "2 cases, 2 divergences, 0 skipped"]);
}

#[test]
fn what_is_behind_an_array_does_not_depend_on_the_cases_before() {
    let directory = with("broken/overread");
    directory.write("1.case", "folio a\nentries a*40\nput_user_pages\n");
    directory.write("2.case", "folio a\nentries a*3\nput_user_pages\n");
    let ran = replay(&directory, "./overread.so", &["1.case", "2.case"]).code(1);
    ran.out(&["2 cases, 2 divergences, 0 skipped"]);
}

#[test]
fn a_candidate_that_calls_what_there_is_not_does_not_load() {
    let directory = with("per_entry");
    let code = "#include \"put_user_page.h\"\n\
        void folio_put(struct page *page);\n\
        void put_user_page(struct page *page) { folio_put(page); }\n";
    directory.compile_code("other", code);
    replay(&directory, "./other.so", &["1.case"]).code(2).err(&["folio_put", "put_user_page.h"]);
}

#[test]
fn a_hang_is_a_divergence() {
    let directory = with("broken/hang");
    let files = ["--target", "put_user_pages", "1.case"];
    // Long enough to load it, which is under the same limit.
    let ran = replay_within("5", &directory, "./hang.so", &files);
    ran.code(1).out(&["hung: no end after 5 s", "1 case, 1 divergence, 0 skipped"]);
}

#[test]
fn functions_that_a_candidate_lacks_are_named_and_skipped() {
    let directory = with("per_entry");
    let code = "#include \"put_user_page.h\"\n\
        void put_user_pages(struct page **pages, unsigned long npages)\n\
        { for (unsigned long i = 0; i < npages; i++) put_page(pages[i]); }\n";
    directory.compile_code("one", code);
    directory.write("3.case", "folio a order=1\nentries a[0..2]\nput_user_pages\n");
    let ran = replay(&directory, "./one.so", &["1.case", "3.case"]).code(0);
    assert_eq!(
        ran.out,
        "note: ./one.so has no put_user_page(), put_user_pages_dirty(), \
         put_user_pages_dirty_lock(), function that releases pins\n\
         ./one.so skipped 1 case: it has no put_user_pages_dirty_lock()\n\
         2 cases, 0 divergences, 1 skipped\n"
    );
    let explain = ["explain", "--backend", "./one.so", "1.case"];
    directory.run(&explain).code(0).out(&["./one.so skipped it: it has no"]);
}
