//! The life of a corpus: merging, minimising, and looking after it.

mod common;

use std::collections::BTreeSet;

use common::{CASE, Directory, OVER_RELEASE, repository};
use sha1_smol::Sha1;

/// Another case, which finds less.
const SMALL: &str = "folio a\nentries a\nput_user_page\n";

fn names(directory: &Directory, folder: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(directory.path().join(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.starts_with('.')).collect()
}

/// A repository with the real scenarios, compiled, and nothing else.
fn with_scenarios() -> Directory {
    let directory = Directory::new();
    let scenarios = repository().join("corpus/scenarios");
    for entry in std::fs::read_dir(scenarios).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        directory.write(&format!("corpus/scenarios/{name}"), std::fs::read(&path).unwrap());
    }
    directory.run(&["corpus", "scenarios"]).code(0);
    directory
}

/// The canonical bytes of a case, in a file with their name.
fn write_input(directory: &Directory, folder: &str, case: &str) -> String {
    directory.write("1.case", case);
    directory.run(&["assemble", "1.case", "-o", "1"]).code(0);
    let bytes = directory.read("1");
    let name = Sha1::from(&bytes).digest().to_string();
    directory.write(&format!("{folder}/{name}"), bytes);
    name
}

#[test]
fn what_engines_found_is_merged_once_and_canonical() {
    let directory = Directory::new();
    directory.write("corpus/program/.keep", "");
    let committed = write_input(&directory, "corpus/program", OVER_RELEASE);
    let small = write_input(&directory, "fuzz/corpus/program", SMALL);
    let mut raw = directory.read("1");
    raw.extend(b"rest");
    // The same case, with bytes after it that are no record; named as an engine names it.
    directory.write("fuzz/corpus/program/raw", &raw);
    directory.write("target/fuzz/afl/program/main/queue/id:000000,orig:1", &raw);
    directory.write("target/fuzz/afl/program/main/queue/.state/x", "no input");
    let known = directory.read(&format!("corpus/program/{committed}"));
    directory.write("fuzz/honggfuzz/hfuzz_workspace/program/input/1.cov", &known);
    directory.write("more/1.case", CASE);
    let merge = ["corpus", "merge", "program", "--from", "more"];
    directory.run(&merge).code(0).out(&["program: 5 inputs, 1 new in fuzz/corpus/program\n"]);
    let merged = names(&directory, "fuzz/corpus/program");
    assert_eq!(merged.len(), 2, "{merged:?}");
    assert!(merged.contains(&small));
    directory.run(&merge).code(0).out(&["program: 5 inputs, 0 new"]);
    // For another target it is another case.
    let json = ["corpus", "merge", "put_user_page", "--from", "more", "--json"];
    directory.write("corpus/put_user_page/.keep", "");
    let json = directory.run(&json).code(0).json();
    assert_eq!(json[0]["name"], "put_user_page");
    assert_eq!(json[0]["new"], 1);
    assert_eq!(names(&directory, "corpus/program"), BTreeSet::from([committed]));
    directory.run(&["replay", "fuzz/corpus"]).code(0);
}

#[test]
fn two_at_once_do_not_change_the_corpora() {
    let directory = Directory::new();
    let lock = directory.write("corpus/.lock", "scripts/nightly, process 12");
    let held = std::fs::File::open(lock).unwrap();
    held.lock().unwrap();
    for command in ["merge", "minimize", "outcomes", "scenarios"] {
        let ran = directory.run(&["corpus", command]).code(2);
        ran.err(&["corpus is being changed already, by scripts/nightly, process 12", "wait"]);
    }
    drop(held);
    directory.run(&["corpus", "merge", "decode"]).code(0);
}

#[test]
fn a_whole_corpus_is_verified() {
    let directory = with_scenarios();
    directory.run(&["corpus", "verify"]).code(0).out(&["corpus/decode: 126 inputs, whole"]);
    let json = directory.run(&["corpus", "verify", "program", "--json"]).code(0).json();
    assert_eq!(json[0]["problems"].as_array().unwrap().len(), 0);
}

#[test]
fn whatever_is_wrong_with_a_corpus_is_named() {
    let directory = with_scenarios();
    let scenario = "scenario-a-then-b-then-a-frees-on-return";
    let known = directory.read(&format!("corpus/program/{scenario}"));
    let double = Sha1::from(&known).digest().to_string();
    directory.write(&format!("corpus/program/{double}"), &known);
    let misnamed = write_input(&directory, "elsewhere", SMALL);
    directory.write("corpus/program/mine", directory.read(&format!("elsewhere/{misnamed}")));
    directory.write("corpus/program/raw", b"not whole");
    directory.write("corpus/program/scenario-gone", "");
    directory.write("corpus/.program.new/1", "");
    directory.write("corpus/put_user_page/scenario-many-runs", "");
    let ran = directory.run(&["corpus", "verify", "program", "put_user_page"]).code(1);
    ran.out(&[
        &format!("corpus/program: {double} is the same as {scenario}"),
        "corpus/program: mine is not named by the SHA-1 of its bytes",
        "corpus/program: raw is not canonical",
        "corpus/program: scenario-gone has no scenario",
        "corpus/.program.new is left of a process that was killed",
    ]);
    for input in names(&directory, "corpus/put_user_pages") {
        std::fs::remove_file(directory.path().join("corpus/put_user_pages").join(input)).unwrap();
    }
    let ran = directory.run(&["corpus", "verify", "put_user_pages"]).code(1);
    ran.out(&["corpus/put_user_pages: there are no inputs\n"]);
    directory.write("corpus/put_user_pages/raw", "");
    let ran = directory.run(&["corpus", "verify", "put_user_pages"]).code(1);
    ran.out(&[
        &format!("{scenario} is missing"),
        "no input reaches long-run: a run of 512 or more entries",
        "no input finds the bug never-free",
    ]);
}

#[test]
fn outcomes_are_held_to_those_that_are_written_down() {
    let directory = with_scenarios();
    directory.run(&["corpus", "verify", "program"]).code(0).out(&["corpus/scenarios: "]);
    let scenario = "a-then-b-then-a-frees-on-return";
    let text = String::from_utf8(directory.read("corpus/program.outcomes")).unwrap();
    let dropped = text.lines().find(|line| line.starts_with("scenario-tails-only: ")).unwrap();
    let changed = text
        .replace(&format!("{dropped}\n"), "")
        .replace("calls ok; 0: freed dirty", "calls ok; 0: freed");
    directory.write("corpus/program.outcomes", format!("{changed}gone: valid\n"));
    directory.write(&format!("corpus/scenarios/{scenario}.outcome"), "valid\n");
    let ran = directory.run(&["corpus", "verify", "program"]).code(1);
    ran.out(&[
        "corpus/program: scenario-tails-only has no outcome written down: if that is meant",
        "corpus/program: gone has an outcome written down, and is no case",
        &format!(
            "corpus/program: scenario-{scenario} does not have the outcome written down: `0: "
        ),
        &format!("corpus/scenarios: {scenario} does not have the outcome written down: ``, now"),
    ]);
    directory.run(&["corpus", "outcomes"]).code(0).out(&["written down, 2 files changed"]);
    assert_eq!(String::from_utf8(directory.read("corpus/program.outcomes")).unwrap(), text);
    directory.run(&["corpus", "verify", "program"]).code(0);
}

#[test]
fn what_a_killed_process_left_is_mended_by_the_next() {
    let directory = with_scenarios();
    let before = names(&directory, "corpus/program");
    let corpus = directory.path().join("corpus");
    // As it is after the old one was moved, before the new one was.
    std::fs::rename(corpus.join("program"), corpus.join(".program.old")).unwrap();
    directory.write("corpus/.program.new/1", "");
    directory.run(&["corpus", "merge", "program"]).code(0);
    assert_eq!(names(&directory, "corpus/program"), before);
    assert!(!corpus.join(".program.new").exists() && !corpus.join(".program.old").exists());
    directory.run(&["corpus", "verify", "program"]).code(0);
}

#[test]
fn corpora_are_counted() {
    let directory = Directory::new();
    directory.write("corpus/program/.keep", "");
    write_input(&directory, "corpus/program", SMALL);
    write_input(&directory, "fuzz/corpus/program", CASE);
    let ran = directory.run(&["corpus", "stats", "program"]).code(0);
    ran.out(&["corpus/program       ", "fuzz/corpus/program  ", "named states", "bugs"]);
    let json = directory.run(&["corpus", "stats", "program", "--json"]).code(0).json();
    assert_eq!(json[0]["inputs"], 1);
    assert_eq!(json[0]["bytes"], json[0]["largest"]);
    assert_eq!(json[1]["corpus"], "fuzz/corpus");
    assert!(json[1]["reached"][0]["number"].as_u64() > json[0]["reached"][0]["number"].as_u64());
}
