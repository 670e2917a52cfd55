//! Bad input: one clear message with the fix, and exit code 2.

mod common;

use common::{CASE, Directory};

/// A directory with a good case.
fn with_case() -> Directory {
    let directory = Directory::new();
    directory.write("1.case", CASE);
    directory
}

#[test]
fn a_missing_file() {
    for command in ["replay", "explain", "disassemble"] {
        let directory = with_case();
        directory.run(&[command, "nowhere"]).code(2).err(&["there is no file nowhere", "help: "]);
    }
}

#[test]
fn an_empty_directory() {
    let directory = Directory::new();
    directory.write("empty/.keep", "");
    let ran = directory.run(&["replay", "empty"]).code(2);
    ran.err(&["there is no case in the directory empty", "help: ", "dotfiles are skipped"]);
}

#[test]
#[cfg(target_os = "linux")]
fn an_unreadable_file() {
    let directory = Directory::new();
    // Nobody can read this, not even root.
    let ran = directory.run(&["replay", "/proc/self/mem"]).code(2);
    ran.err(&["/proc/self/mem cannot be read: ", "help: "]);
}

#[test]
fn a_directory_to_explain() {
    let directory = Directory::new();
    let ran = directory.run(&["explain", "."]).code(2);
    ran.err(&[". is a directory, and explain takes one file", "pagediff replay"]);
}

#[test]
fn an_error_in_a_text_case_is_pointed_at() {
    let directory = Directory::new();
    directory.write("bad.case", "folio a\nentries a[9]\n");
    for command in [&["replay", "bad.case"][..], &["assemble", "bad.case", "-o", "bad"]] {
        directory.run(command).code(2).err(&[
            "bad.case, line 2, column 11: 9 is out of range",
            "2 │ entries a[9]",
            "expected a page that there is (0 to 0)",
            "docs/case-format.md",
        ]);
    }
    assert!(!directory.path().join("bad").exists());
}

#[test]
fn what_is_missing_at_the_end_of_a_text_case_is_named() {
    let directory = Directory::new();
    directory.write("bad.case", "folio");
    let ran = directory.run(&["replay", "bad.case"]).code(2);
    ran.err(&["bad.case, line 1, column 6: something is missing", "expected a name"]);
}

#[test]
fn a_text_case_that_is_no_text() {
    let directory = Directory::new();
    directory.write("bad.case", b"folio a\n\xff");
    directory.run(&["replay", "bad.case"]).code(2).err(&[
        "bad.case, line 2",
        "not UTF-8",
        "help: ",
    ]);
    let ran = directory.run(&["disassemble", "bad.case"]).code(2);
    ran.err(&["bad.case is text already", "pagediff assemble"]);
}

#[test]
fn an_unknown_backend() {
    let directory = with_case();
    let replay = |backend| directory.run(&["replay", "--backend", backend, "1.case"]).code(2);
    replay("fats").err(&["there is no backend `fats`", "did you mean `fast`?"]);
    replay("refrence").err(&["did you mean `reference`?"]);
    replay("zzz").err(&["there is no backend `zzz`", "shared objects by their path"]);
}

#[test]
fn an_unknown_target() {
    let directory = with_case();
    let ran = directory.run(&["replay", "--target", "progam", "1.case"]).code(2);
    ran.err(&["invalid value 'progam'", "'program'"]);
    directory.run(&["fuzz", "put_user_pagse"]).code(2).err(&["'put_user_pages'"]);
}

#[test]
fn nothing_to_hold_against_the_reference() {
    let directory = with_case();
    let ran = directory.run(&["replay", "--backend", "reference", "1.case"]).code(2);
    ran.err(&["nothing to hold against the reference", "--backend fast"]);
}

#[test]
fn a_shared_object_that_does_not_load() {
    let directory = with_case();
    directory.write("bad.so", "no shared object");
    directory.write("dir.so/file", "");
    let replay = |backend| directory.run(&["replay", "--backend", backend, "1.case"]).code(2);
    replay("./bad.so").err(&["./bad.so does not load: ", "cc -O2 -fPIC -shared"]);
    replay("missing.so").err(&["there is no file missing.so"]);
    replay("./dir.so").err(&["./dir.so is a directory"]);
    directory.compile("broken/nothing");
    replay("./nothing.so").err(&["./nothing.so has none of the functions", "put_user_page()"]);
}

#[test]
fn corpora_elsewhere() {
    let directory = with_case();
    directory.run(&["corpus", "scenarios"]).code(2).err(&["no directory ./corpus", "--root DIR"]);
    directory.write("corpus/scenarios/notes.txt", "");
    directory.run(&["corpus", "scenarios"]).code(2).err(&["there is no *.case file"]);
    directory.run(&["fuzz"]).code(2).err(&["fuzz/fuzz_targets", "in the repository"]);
}
