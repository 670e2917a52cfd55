//! `cargo xtask dictionaries`: what is out of step is named, and brought in step.

#[path = "../../cli/tests/common/mod.rs"]
mod common;

use common::Directory;

#[test]
fn what_is_out_of_step_is_named_and_mended() {
    let directory = Directory::new();
    directory.write("fuzz/dictionaries/program.dict", "# old\n");
    directory.write("fuzz/dictionaries/gone.options", "");
    directory.run(&["dictionaries", "--check"]).code(1).out(&[
        "fuzz/dictionaries/program.dict differs from the case format",
        "fuzz/dictionaries/decode.options is missing",
        "fuzz/dictionaries/gone.options is of no target",
        "bring them in step with `cargo xtask dictionaries`",
    ]);
    directory.run(&["dictionaries"]).code(0).out(&["9 targets, 19 files changed"]);
    directory.run(&["dictionaries", "--check"]).code(0).out(&["9 targets, 0 files changed"]);
    assert!(!directory.path().join("fuzz/dictionaries/gone.options").exists());
}

#[test]
fn they_are_of_a_repository() {
    Directory::new().run(&["dictionaries"]).code(2).err(&["there is no directory ./fuzz"]);
}
