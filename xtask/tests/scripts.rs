//! The scripts, in a repository where every tool is a fake that writes down its calls: a call that
//! fails fails the script, and none is lost.

#[path = "../../cli/tests/common/mod.rs"]
mod common;

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Directory, Ran, repository};

/// Every tool that is not the scripts' own. It fails where it is called with $FAILS.
const FAKE: &str = r#"#!/bin/sh
call="$(basename "$0") $*"
echo "$call" >>"$CALLS"
[ "$call" != "$FAILS" ] || exit 1
case "$call" in
    'cargo fuzz list') printf '%s' "$TARGETS" ;;
    dpkg-query*) echo 'install ok installed' ;;
    'git status '*) cat "$SRC/changed" ;;
    'gh pr list '*) cat "$SRC/open" ;;
esac
"#;

const TOOLS: [&str; 11] = [
    "apt-get",
    "cargo",
    "check-jsonschema",
    "dpkg-query",
    "gh",
    "git",
    "pip",
    "python3",
    "reuse",
    "zip",
    "zizmor",
];

struct Fakes(Directory);

impl Fakes {
    fn new() -> Fakes {
        let directory = Directory::new();
        for tool in TOOLS {
            let path = directory.write(&format!("fakes/{tool}"), FAKE);
            fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        }
        copy(&repository().join("scripts"), &directory.path().join("put_user_page/scripts"));
        copy(&repository().join(".ci"), &directory.path().join("put_user_page/.ci"));
        copy(&repository().join(".github"), &directory.path().join("put_user_page/.github"));
        directory.write("changed", " M corpus/program/x\n");
        directory.write("open", "0\n");
        Fakes(directory)
    }

    /// Runs a script with its arguments, of whose calls one fails.
    fn run(&self, script: &[&str], fails: &str, targets: &str) -> Ran {
        let here = self.0.path();
        let path = format!("{}:{}", here.join("fakes").display(), std::env::var("PATH").unwrap());
        let mut command = Command::new(here.join("put_user_page").join(script[0]));
        command.args(&script[1..]).stdin(Stdio::null()).env("PATH", path);
        command.env("CALLS", here.join("calls")).env("FAILS", fails).env("TARGETS", targets);
        command.env("SRC", here).env("OUT", here.join("out")).env("SANITIZER", "address");
        command.env_remove("CARGO_TARGET_DIR");
        let _ = fs::remove_file(here.join("calls"));
        command.output().unwrap().into()
    }

    /// The calls of the last run.
    fn calls(&self) -> BTreeSet<String> {
        let calls = String::from_utf8(self.0.read("calls")).unwrap();
        calls.lines().map(str::to_owned).collect()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    assert!(Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap().success());
}

const TARGETS: &str = "kernel\nprogram\n";

/// Fails each call of a script in turn, but those for which there is another way.
#[track_caller]
fn every_call_counts(script: &[&str], another_way: impl Fn(&str) -> bool) {
    let fakes = Fakes::new();
    let ran = fakes.run(script, "", TARGETS).code(0);
    let calls = fakes.calls();
    assert!(!calls.is_empty(), "{script:?} calls nothing:\n{}", ran.out);
    for call in calls.iter().filter(|call| !another_way(call)) {
        let ran = fakes.run(script, call, TARGETS);
        assert_ne!(ran.code, 0, "{script:?} passes where `{call}` fails:\n{}", ran.out);
    }
}

/// What asks for a version installs the tool if there is no answer; what asks for a Debian
/// package installs it.
fn asks(call: &str) -> bool {
    call.starts_with("cargo") && call.ends_with("version") || call.starts_with("dpkg-query")
}

#[test]
fn every_call_of_the_quick_tests_counts() {
    every_call_counts(&["scripts/test"], asks);
}

#[test]
fn every_call_of_all_tests_counts() {
    let set_up = |call: &str| call.ends_with("-- kernel setup");
    every_call_counts(&["scripts/test", "--all"], |call| asks(call) || set_up(call));
}

#[test]
fn every_call_of_the_other_scripts_counts() {
    // A nightly without coverage says so; packages are asked for once more with new lists.
    every_call_counts(&["scripts/nightly", "--minutes", "1"], asks);
    every_call_counts(&["scripts/fuzz", "--engine", "all"], asks);
    every_call_counts(&["scripts/setup", "all"], asks);
    every_call_counts(&["scripts/kernel", "about"], asks);
    every_call_counts(&["scripts/coverage"], asks);
    every_call_counts(&["scripts/mutants"], asks);
    every_call_counts(&["scripts/oss-fuzz/check"], asks);
    every_call_counts(&["scripts/lint"], asks);
    every_call_counts(&["scripts/propose-corpora"], asks);
    every_call_counts(&[".ci/run"], asks);
}

#[test]
fn all_tests_without_a_kernel_say_so() {
    let fakes = Fakes::new();
    let set_up = "cargo run --release --quiet -- kernel setup";
    let ran = fakes.run(&["scripts/test", "--all"], set_up, TARGETS).code(0);
    ran.out(&["left out: all that needs the kernel backend"]);
    let calls = fakes.calls();
    assert!(calls.contains(set_up) && calls.contains("cargo xtask readme --no-kernel"));
    let needs_kernel =
        |call: &&String| call.contains("--backend kernel") || call.contains("run kernel");
    assert_eq!(calls.iter().find(needs_kernel), None);
}

#[test]
fn a_list_of_no_targets_is_no_list() {
    let fakes = Fakes::new();
    for script in [&["scripts/test", "--all"][..], &["scripts/oss-fuzz/build.sh"]] {
        let ran = fakes.run(script, "", "").code(1);
        ran.err(&["cargo fuzz lists no targets"]);
        fakes.run(script, "cargo fuzz list", TARGETS).code(1);
    }
}

#[test]
fn corpora_are_proposed_in_one_pull_request_and_checked() {
    let fakes = Fakes::new();
    let propose = || {
        fakes.run(&["scripts/propose-corpora"], "", TARGETS).code(0);
        let calls = fakes.calls();
        let has = |start: &str| calls.iter().any(|call| call.starts_with(start));
        [has("git push --force origin nightly-corpus"), has("gh pr create"), has("gh workflow run")]
    };
    assert_eq!(propose(), [true, true, true]);
    fakes.0.write("open", "1\n");
    assert_eq!(propose(), [true, false, true]);
    fakes.0.write("changed", "");
    assert_eq!(propose(), [false, false, false]);
}

#[test]
fn a_git_that_refuses_the_folder_is_told_of() {
    let fakes = Fakes::new();
    let ran = fakes.run(&["scripts/lint"], "git rev-parse --show-toplevel", TARGETS).code(2);
    ran.err(&["git does not tell which files are the project's", "safe.directory"]);
    assert!(!fakes.calls().contains("reuse lint --lines"));
}

#[test]
fn what_scripts_do_not_know_they_refuse() {
    let fakes = Fakes::new();
    fakes.run(&["scripts/test", "--al"], "", TARGETS).code(2).err(&["scripts/test does not know"]);
    fakes.run(&["scripts/setup", "afk"], "", TARGETS).code(2).err(&["nothing called afk"]);
}

#[test]
fn all_tests_run_every_test_that_the_quick_ones_leave_out() {
    let fakes = Fakes::new();
    fakes.run(&["scripts/test", "--all"], "", TARGETS).code(0);
    let calls = fakes.calls();
    for package in ["cli", "targets", "targets/kernel"] {
        let manifest = fs::read_to_string(repository().join(package).join("Cargo.toml")).unwrap();
        let tests = manifest.split("[[test]]").skip(1);
        let left_out: Vec<_> = tests.filter(|test| test.contains("test = false")).collect();
        assert!(!left_out.is_empty(), "{package}");
        for test in left_out {
            let name = test.split('"').nth(1).unwrap();
            let runs = |call: &String| call.contains(&format!("--test {name}"));
            assert!(calls.iter().any(runs), "scripts/test --all does not run {package}'s {name}");
        }
    }
}
