//! What each subcommand does where all is well.

mod common;

use std::process::Stdio;

use common::{CASE, Directory, OVER_RELEASE, repository};
use put_user_page_targets::registry::TARGETS;

#[test]
fn list_names_every_target_and_backend() {
    let directory = Directory::new();
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    directory.run(&["list"]).code(0).out(&names).out(&["reference", "fast", "FILE.so"]);
    let list = directory.run(&["list", "--json"]).code(0).json();
    let listed = list["targets"].as_array().unwrap().iter().map(|target| &target["name"]);
    assert!(listed.eq(names.iter()));
}

#[test]
fn a_closed_pipe_is_no_crash() {
    let directory = Directory::new();
    let mut child =
        directory.command(&["list"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn colours_are_for_terminals() {
    let directory = Directory::new();
    assert!(!directory.run(&["list"]).out.contains('\x1b'));
    let forced = directory.command(&["list"]).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(String::from_utf8(forced.stdout).unwrap().contains('\x1b'));
}

#[test]
fn text_survives_assembling_and_disassembling() {
    let directory = Directory::new();
    directory.write("1.case", CASE);
    directory.run(&["assemble", "1.case", "-o", "1"]).code(0);
    directory.run(&["disassemble", "1", "-o", "2.case"]).code(0);
    directory.run(&["assemble", "2.case", "-o", "2"]).code(0);
    assert_eq!(directory.read("1"), directory.read("2"));
    let text = String::from_utf8(directory.read("2.case")).unwrap();
    assert!(text.starts_with("folio a order=9 kind=file refs=1\nfolio b dirty refs=1\n"), "{text}");
    directory.run(&["disassemble", "1"]).code(0).out(&[&text]);
}

#[test]
fn assembling_to_standard_output_keeps_every_byte() {
    let directory = Directory::new();
    // Its last byte but two is that of an escape sequence.
    directory.write("1.case", "gap 27\ngap 1\nentries\nput_user_pages slice=27..\n");
    directory.run(&["assemble", "1.case", "-o", "1"]).code(0);
    let output = directory.command(&["assemble", "1.case", "-o", "-"]).output().unwrap();
    assert_eq!(output.stdout, directory.read("1"));
    assert!(output.stdout.contains(&0x1b));
}

#[test]
fn replay_walks_directories_and_skips_dotfiles() {
    let directory = Directory::new();
    directory.write("cases/a.case", CASE);
    directory.write("cases/deeper/random", "any bytes are a case");
    directory.write("cases/.hidden", "not looked at");
    directory.write("cases/.git/1", "nor this");
    let ran = directory.run(&["replay", "cases"]).code(0);
    assert_eq!(ran.out, "2 cases, 0 divergences, 0 skipped\n");
}

#[test]
fn replay_runs_the_committed_scenarios() {
    let directory = Directory::new();
    let scenarios = repository().join("corpus/scenarios");
    let names = std::fs::read_dir(&scenarios).unwrap().map(|entry| entry.unwrap().file_name());
    let count = names.filter(|name| name.to_str().unwrap().ends_with(".case")).count();
    let all = format!("{count} cases, 0 divergences, 20 skipped");
    let ran = directory.run(&["replay", scenarios.to_str().unwrap()]).code(0);
    ran.out(&[
        "fast skipped 5 cases: an entry is NULL",
        "fast-unhooked skipped 7 cases: ",
        "fast-unhooked skipped 3 cases: ",
        "fast-unhooked skipped 5 cases: an entry is NULL",
        &all,
    ]);
}

#[test]
fn the_target_of_a_case_is_taken_from_its_path() {
    let directory = Directory::new();
    directory.write("fuzz/artifacts/put_user_page/crash-1.case", CASE);
    let explained = directory.run(&["explain", "fuzz/artifacts/put_user_page/crash-1.case"]);
    explained.code(0).out(&["as put_user_page sees it", "\n  put_user_page\n"]);
    let given = ["explain", "--target", "program", "fuzz/artifacts/put_user_page/crash-1.case"];
    directory.run(&given).code(0).out(&["as program sees it", "\n  put_user_pages_dirty_lock\n"]);
}

#[test]
fn explain_shows_world_states_and_backends() {
    let directory = Directory::new();
    directory.write("1.case", CASE);
    let ran = directory.run(&["explain", "1.case"]).code(0).out(&[
        "  folio a order=9 kind=file refs=1\n",
        "  frame 0..512  a  order 9  file refs 1        [H|t t t …511 tails]  entries 0..512, 513\n",
        "  frame 512     b  order 0  anon dirty refs 1  [p]                   entry 512\n",
        "Class valid",
        "long-run: ",
        "call 0   put_user_pages_dirty_lock on entries 0..514 of array 0",
        "a  live, refcount 1, dirty, in its file counted dirty 1, tagged 1",
        "call 0  a  lock at 514, dirty at 514, unlock at 514",
        "fast did the same",
    ]);
    let mut drawing = ran.out.lines().filter(|line| line.starts_with("  frame"));
    assert!(drawing.all(|line| line.chars().count() <= 100), "{}", ran.out);
    directory.write("2.case", OVER_RELEASE);
    directory
        .run(&["explain", "2.case"])
        .code(0)
        .out(&["Class over-release", "stopped at entry 1"]);
}

#[test]
fn scenarios_are_compiled_for_every_target() {
    let directory = Directory::new();
    directory.write("corpus/scenarios/one.case", CASE);
    directory.write("corpus/program/scenario-gone", "");
    directory.write("corpus/program/other", "");
    let check = ["corpus", "scenarios", "--check"];
    directory.run(&check).code(1).out(&[
        "corpus/decode/scenario-one is missing",
        "corpus/program/scenario-gone has no scenario",
        "corpus scenarios`",
    ]);
    directory.run(&["corpus", "scenarios"]).code(0).out(&["1 scenario in 9 corpora, 11 files"]);
    directory.run(&check).code(0);
    assert!(!directory.path().join("corpus/program/scenario-gone").exists());
    assert!(directory.path().join("corpus/program/other").exists());
    directory.write("corpus/program/scenario-one", "changed");
    directory.run(&check).code(1).out(&["corpus/program/scenario-one differs"]);
    directory.run(&["replay", "corpus"]).code(0);
}

#[test]
fn states_without_a_case_are_named() {
    let directory = Directory::new();
    directory.write("corpus/scenarios/one.case", CASE);
    directory.run(&["corpus", "scenarios"]).code(0);
    directory.run(&["corpus", "states", "--target", "put_user_pages"]).code(1).out(&[
        "corpus/put_user_pages has no case for descending",
        "long-run                     1",
        "waits-for-lock               -",
    ]);
}
