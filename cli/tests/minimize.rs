//! `pagediff minimize`: what diverges in a shared object, made as small as it can be.

mod common;

use std::io::Write;
use std::process::{Command, Stdio};

use common::{CASE, Directory, OVER_RELEASE, Ran, repository};

/// A case with much in it that has nothing to do with any mistake.
const LARGE: &str = "\
gap 5
folio big order=9 kind=file refs=1100
folio small dirty refs=100 repeat=40
folio other order=3 locked refs=100
entries big[0..512] small[2..40] other[7..0]
put_user_pages slice=3..90
clean small[8]
acquire
entries small small[3]*9 big[9] other
again 0..5
put_user_pages_dirty_lock
put_user_pages_dirty earlier=1
acquire
put_user_page
";

fn minimize(directory: &Directory, candidate: &str, arguments: &[&str]) -> Ran {
    let command = ["minimize", "--backend", candidate, "--time-limit", "300"];
    directory.run(&[&command, arguments].concat())
}

/// The text of a case that was written.
fn text(directory: &Directory, name: &str) -> String {
    String::from_utf8(directory.read(name)).unwrap()
}

#[test]
fn a_mistake_in_c_is_all_that_is_left() {
    let directory = Directory::new();
    directory.compile("per_run_mistake");
    directory.write("1.case", LARGE);
    let ran = minimize(&directory, "./per_run_mistake.so", &["1.case"]).code(0);
    ran.out(&[
        "per_run_mistake-put_user_pages_dirty_lock-dirty-no-compound-head\n",
        "          calls  entries  pages  records\n",
        "\n  before      4      574    560       19\n",
        "\n  after       1        2      3        5\n",
        "put_user_pages_dirty_lock(): ./per_run_mistake.so differs from reference",
        "explain --backend ./per_run_mistake.so --time-limit 300 1.min.case\n",
        "  saved: 1.min.case\n",
    ]);
    let least = text(&directory, "1.min.case");
    assert_eq!(least, "folio a dirty\nfolio b order=1\nentries a b\nput_user_pages_dirty_lock\n");
    let again = ["-o", "2.case", "1.min.case"];
    minimize(&directory, "./per_run_mistake.so", &again).code(0);
    assert_eq!(text(&directory, "2.case"), least);
}

#[test]
fn a_mistake_in_rust_is_all_that_is_left() {
    let directory = Directory::new();
    let code = std::fs::read_to_string(repository().join("targets/rust/put_each.rs")).unwrap();
    let wrong = code.replace("0..npages as usize", "0..(npages as usize).min(3)");
    assert_ne!(wrong, code);
    let source = directory.write("put_three.rs", wrong);
    let rustc = Command::new("rustc")
        .args(["--edition", "2024", "-O", "--crate-type", "cdylib", "-o"])
        .args([directory.path().join("put_three.so"), source])
        .status();
    assert!(rustc.unwrap().success());
    // As the target sees it, all calls are of the one function that there is.
    directory.write("corpus/put_user_pages/1.case", LARGE);
    let ran = minimize(&directory, "./put_three.so", &["corpus/put_user_pages/1.case"]).code(0);
    ran.out(&["put_three-put_user_pages-refcount-high-", "explain --target put_user_pages"]);
    let least = text(&directory, "corpus/put_user_pages/1.min.case");
    assert!(least.ends_with("*4\nput_user_pages\n"), "{least}");
}

#[test]
fn a_crash_is_minimised_too() {
    let directory = Directory::new();
    directory.compile("broken/crash");
    directory.write("1.case", LARGE);
    directory.run(&["assemble", "1.case", "-o", "1"]).code(0);
    let arguments = ["--target", "put_user_pages", "--json", "1"];
    let json = minimize(&directory, "./crash.so", &arguments).code(0).json();
    assert_eq!(json["signature"]["field"], "crashed");
    assert_eq!((&json["file"], &json["output"]), (&"1".into(), &"1.min".into()));
    let after = serde_json::json!({ "calls": 1, "entries": 1, "pages": 2, "records": 3 });
    assert_eq!(json["after"], after);
    assert_eq!(json["before"]["calls"], 4);
    let least = "folio a order=1\nentries a[1]\nput_user_pages\n";
    assert_eq!(json["report"]["case"], least);
    assert!(json["tried"].as_u64().unwrap() > 0);
    assert_eq!(directory.run(&["disassemble", "1.min"]).code(0).out, least);
}

#[test]
fn standard_output_gets_the_case_alone() {
    let directory = Directory::new();
    directory.compile("per_run_mistake");
    let arguments = ["minimize", "--backend", "./per_run_mistake.so"];
    directory.write("1.case", LARGE);
    let text = directory.run(&[&arguments[..], &["-o", "-", "1.case"]].concat()).code(0);
    assert!(text.out.starts_with("folio a dirty\n"), "{}", text.out);
    let text = text.err(&["\n  after       1 ", "differs from reference"]);
    assert!(!text.err.contains("reproduce"), "there is no file to name: {}", text.err);

    directory.run(&["assemble", "1.case", "-o", "1"]).code(0);
    let mut command = directory.command(&[&arguments[..], &["-"]].concat());
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&directory.read("1")).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    directory.write("2", output.stdout);
    assert_eq!(directory.run(&["disassemble", "2"]).code(0).out, text.out);
}

#[test]
fn what_does_not_diverge_is_told() {
    let directory = Directory::new();
    directory.write("1.case", CASE);
    let ran = directory.run(&["minimize", "1.case"]).code(1);
    ran.err(&["1.case does not diverge: fast does as it should", "--backend"]);
    assert!(!directory.path().join("1.min.case").exists());
    directory.compile("per_run");
    directory.write("2.case", OVER_RELEASE);
    let ran = minimize(&directory, "./per_run.so", &["2.case"]).code(1);
    ran.err(&["./per_run.so skips it, for the case over-releases"]);
    let ran = directory.run(&["minimize", "--target", "decode", "1.case"]).code(1);
    ran.err(&["1.case does not diverge: decode does as it should; fast does as it should"]);
}

#[test]
fn mistakes_of_use_are_told() {
    let directory = Directory::new();
    directory.write("1.case", CASE);
    let run = |arguments: &[&str]| directory.run(&[&["minimize"], arguments].concat()).code(2);
    run(&["nowhere"]).err(&["there is no file nowhere"]);
    run(&["."]).err(&[". is a directory, and minimize takes one file"]);
    run(&["--json", "-o", "-", "1.case"]).err(&["both go to standard output", "--output"]);
    run(&["--target", "candidate", "1.case"]).err(&["PUT_USER_PAGE_CANDIDATE", "--backend"]);
    directory.compile("per_run_mistake");
    directory.write("2.case", LARGE);
    let nowhere = ["-o", "nowhere/2", "2.case"];
    let ran = minimize(&directory, "./per_run_mistake.so", &nowhere).code(2);
    ran.err(&["nowhere/2 cannot be written: there is no such directory"]);
}
