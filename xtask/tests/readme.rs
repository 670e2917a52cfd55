//! `cargo xtask readme`: the commands of a README, run one after the other.

#[path = "../../cli/tests/common/mod.rs"]
mod common;

use common::Directory;

/// A repository with a README of these commands.
fn with_readme(commands: &str) -> Directory {
    let directory = Directory::new();
    directory.write("fuzz/fuzz_targets/program.rs", "");
    directory.write("README.md", format!("# A README\n\n```sh\nscripts/test\n{commands}```\n"));
    directory
}

#[test]
fn commands_run_in_order_and_in_the_repository() {
    let directory = with_readme("echo one >made\nmkdir kernel\ncat made | tr o 0\n");
    let ran = directory.run(&["readme", "--no-kernel"]).code(0);
    assert_eq!(ran.out, "\n$ echo one >made\n\n$ cat made | tr o 0\n0ne\n");
    assert!(!directory.path().join("kernel").exists());
    directory.run(&["readme"]).code(0);
    assert!(directory.path().join("kernel").exists());
}

#[test]
fn the_first_command_that_fails_is_the_last() {
    let directory = with_readme("false | true\ntouch made\n");
    directory.run(&["readme"]).code(1).err(&["a command of README.md failed", "false | true"]);
    assert!(!directory.path().join("made").exists());
}

#[test]
fn a_readme_without_commands_does_not_pass() {
    with_readme("").run(&["readme"]).code(1).err(&["README.md has no command to run"]);
}
