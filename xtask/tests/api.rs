//! `cargo xtask api`: what is made public is listed, and a change of it is told.

#[path = "../../cli/tests/common/mod.rs"]
mod common;

use common::Directory;

const MANIFEST: &str = "[package]\nname = \"put_user_page\"\nedition = \"2024\"\n";

/// A repository whose library is this code.
fn with_library(code: &str) -> Directory {
    let directory = Directory::new();
    directory.write("fuzz/fuzz_targets/program.rs", "");
    directory.write("Cargo.toml", MANIFEST);
    directory.write("src/lib.rs", code);
    directory
}

#[test]
fn what_is_added_and_what_goes_is_told_until_it_is_listed() {
    let directory = with_library("pub fn old() {}\nfn private() {}\n");
    directory.run(&["api"]).code(2).err(&["docs/public-api.txt cannot be written"]);
    directory.write("docs/public-api.txt", "");
    directory.run(&["api"]).code(0).out(&["wrote docs/public-api.txt: 2 items"]);
    directory.run(&["api", "--check"]).code(0);
    let listed = directory.read("docs/public-api.txt");
    assert_eq!(listed, b"pub mod put_user_page\npub fn put_user_page::old()\n");

    directory.write("src/lib.rs", "pub struct New(pub u8);\n");
    let ran = directory.run(&["api", "--check"]).code(1);
    let ran = ran.out(&["-pub fn put_user_page::old()", "+pub struct put_user_page::New(pub u8)"]);
    ran.err(&["is not what docs/public-api.txt lists", "cargo xtask api"]);
    assert_eq!(directory.read("docs/public-api.txt"), listed);
    directory.run(&["api"]).code(0);
    directory.run(&["api", "--check"]).code(0);
}

#[test]
fn a_library_that_does_not_build_has_no_list() {
    let directory = with_library("pub fn f() -> Missing {}\n");
    directory.write("docs/public-api.txt", "");
    directory.run(&["api", "--check"]).code(1).err(&["Missing", "`cargo rustdoc", "failed"]);
}
