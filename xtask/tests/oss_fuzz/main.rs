//! `cargo xtask oss-fuzz check` on builds that OSS-Fuzz would refuse: each is refused, and for
//! what is wrong with it. The targets are small C programs.

#[path = "../../../cli/tests/common/mod.rs"]
mod common;
mod out;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use common::{Directory, Ran, repository};
use out::{Out, TARGETS};
use put_user_page_fuzz_common::frames::{DIVERGENCE, KINDS, PLACES};

/// Checks a built $OUT, with the repository's own files.
fn check(out: &Out) -> Ran {
    out.directory.run(&["oss-fuzz", "check", "--root", root(), "--out", "out"])
}

fn root() -> &'static str {
    repository().to_str().unwrap()
}

/// The check refuses so many things and says all of this.
#[track_caller]
fn assert_refused(ran: Ran, failures: &[&str]) {
    let ran = ran.code(1).out(failures);
    let said = ran.out.lines().filter(|line| line.contains(": ")).count();
    assert_eq!(said, failures.len(), "\n{}", ran.out);
}

#[test]
fn a_good_build_passes_and_is_put_back() {
    let out = Out::good();
    let ran = check(&out).code(0);
    let rows = ran.out.lines().skip(1).take(TARGETS.len());
    for (row, target) in rows.zip(TARGETS) {
        let cells: Vec<&str> = row.split_whitespace().collect();
        assert_eq!([cells[0], cells[1], cells[3], cells[5]], [target, "100", "1", "0"]);
    }
    ran.out(&["0 things that OSS-Fuzz would refuse"]);
    assert!(out.path("decode").is_file());
    assert!(!out.directory.path().join("out-moved").exists());
}

#[test]
fn executables_that_are_none_are_refused() {
    let out = Out::good();
    fs::remove_file(out.path("put_user_page")).unwrap();
    out.replace("put_user_pages", b"#!/bin/sh\n# LLVMFuzzerTestOneInput\n");
    out.forbid_execution("put_user_pages_dirty");
    // The architecture's number in the header: that of arm64.
    let mut other = fs::read(out.path("put_user_pages_dirty_lock")).unwrap();
    other[18..20].copy_from_slice(&183u16.to_le_bytes());
    out.replace("put_user_pages_dirty_lock", &other);
    out.compile("program", &["-DENTRY=not_the_entry"]);
    out.compile("candidate", &["-DEDGES=99"]);
    out.compile("decode", &["-DAT_START=return 3"]);
    assert_refused(
        check(&out),
        &[
            "put_user_page: executable: it is missing",
            "put_user_pages: executable: it is no ELF file",
            "put_user_pages_dirty: executable: it may not be executed",
            "put_user_pages_dirty_lock: architecture: it is Aarch64, not x86-64",
            "program: entry: there is no LLVMFuzzerTestOneInput in it",
            "candidate: edges: it has 99, and not 100 at least",
            "decode: start: exit status: 3",
            "decode: start with its options: exit status: 3",
            "decode: seeds: a seed makes it fail, exit status: 3",
        ],
    );
}

#[test]
fn the_wrong_sanitizers_are_refused() {
    let out = Out::good();
    out.compile_without_sanitizer("put_user_page");
    out.link_sanitizer_only("put_user_pages");
    let call = "extern void __msan_x(void); __msan_x()";
    let calls = format!("-DAT_START={}", [call; 4].join("; "));
    out.compile_with("put_user_pages_dirty", &[&calls], "void __msan_x(void) {}");
    assert_refused(
        check(&out),
        &[
            "put_user_page: sanitizer: it is not built with the address sanitizer",
            "put_user_pages: sanitizer: it is not built with the address sanitizer",
            "put_user_pages_dirty: sanitizer: it calls the memory sanitizer 4 times",
        ],
    );
}

#[test]
fn what_lies_beside_a_target_must_be_right() {
    let out = Out::good();
    out.write("put_user_page.dict", "folio=\"\\x0\"\n");
    fs::remove_file(out.path("put_user_pages.dict")).unwrap();
    out.write("put_user_pages.options", "[libfuzzer]\nmax_len = 8\n");
    out.write("put_user_pages_dirty.options", "max_len = 8\n");
    out.write("put_user_pages_dirty_lock.options", "[libfuzzer]\ntypo = 8\n");
    let archive = fs::read(out.path("program_seed_corpus.zip")).unwrap();
    out.write("program_seed_corpus.zip", &archive[..archive.len() / 2]);
    fs::remove_file(out.path("candidate_seed_corpus.zip")).unwrap();
    out.write_seeds("decode", &[("fine", "a"), ("fatal", "!")]);
    assert_refused(
        check(&out),
        &[
            "put_user_page: dictionary: line 1 is no token",
            "put_user_pages: dictionary: No such file",
            "put_user_pages_dirty: options: it has no section [libfuzzer]",
            "put_user_pages_dirty_lock: options: WARNING: unrecognized flag '-typo=8'",
            "program: seeds: the archive cannot be unpacked",
            "candidate: seeds: the archive cannot be unpacked: No such file",
            "decode: seeds: fatal makes it fail, signal: 6 (SIGABRT)",
        ],
    );
}

/// Checks a good $OUT, whose candidate prints this token, by a parser that has these crash states of
/// what is shown, four divergences twice, and then of every name.
fn check_states(token: &str, of_shown: [&str; 4]) -> Ran {
    let out = Out::good();
    let print = format!("-DAT_START=fputs(\"DEDUP_TOKEN: {token}\\n\", stderr)");
    out.compile("candidate", &[&print]);
    let kinds = KINDS.iter().map(|kind| format!("{kind}, in_put_user_pages_dirty, {DIVERGENCE}"));
    let places = PLACES.iter().map(|place| format!("refcount_too_high, {place}, {DIVERGENCE}"));
    let shown = of_shown.iter().flat_map(|state| [*state; 2]).map(str::to_owned);
    let states: Vec<Vec<String>> = (shown.chain(kinds).chain(places))
        .map(|state| state.split(", ").map(str::to_owned).collect())
        .collect();
    out.directory.write("states.json", serde_json::to_string(&states).unwrap());
    let python = out.directory.write("python", "#!/bin/sh\ncat >/dev/null\ncat states.json\n");
    fs::set_permissions(&python, Permissions::from_mode(0o755)).unwrap();
    let python = python.to_str().unwrap();
    let arguments = ["--root", root(), "--out", "out", "--clusterfuzz", python];
    out.directory.run(&[&["oss-fuzz", "check"][..], &arguments].concat())
}

#[test]
fn divergences_that_clusterfuzz_takes_for_one_bug_are_refused() {
    let dirty = "refcount_too_high, in_put_user_pages_dirty, put_user_page_divergence";
    let other = "refcount_too_high, in_put_user_pages, put_user_page_divergence";
    let mark = "page_wrongly_clean, in_put_user_pages_dirty, put_user_page_divergence";
    let token = [dirty, other, mark].join("--").replace(", ", "--");
    check_states(&token, [dirty, dirty, other, mark]).code(0);
    let cut = "refcount_too_high, in_put_user_pages";
    let told = |expected: &str, state: &str| {
        format!("address: crash state: `{expected}` is `{state}` to ClusterFuzz")
    };
    let clean = "page_wrongly_clean, in_put_user_pages_dirty";
    assert_refused(
        check_states(&[dirty, other].join("--").replace(", ", "--"), [dirty, dirty, cut, dirty]),
        &[
            &format!("address: dedup token: `{clean}` is in none of libFuzzer's"),
            &format!("address: dedup token: `{clean}` is in none of libFuzzer's"),
            &told(cut, cut),
            &told(cut, cut),
            &told(clean, dirty),
            &told(clean, dirty),
        ],
    );
}

#[test]
fn a_parser_that_does_not_work_is_told_of() {
    let out = Out::good();
    let arguments = ["--root", root(), "--out", "out", "--clusterfuzz", "false"];
    let ran = out.directory.run(&[&["oss-fuzz", "check"][..], &arguments].concat());
    ran.code(2).err(&["false does not run scripts/oss-fuzz/crash_states", "requirements.txt"]);
}

#[test]
fn a_target_may_not_write_where_it_lies() {
    let out = Out::good();
    // Root may, so that it is seen only afterwards; others fail as they start.
    out.compile("decode", &["-DAT_START=if (!fopen(\"left\", \"w\")) return 3"]);
    let ran = check(&out).code(1);
    let is_seen = ran.out.contains("address: $OUT: a target has written left");
    assert!(is_seen || ran.out.contains("decode: start: exit status: 3"), "\n{}", ran.out);
}

#[test]
fn each_failure_is_in_the_json() {
    let out = Out::good();
    out.compile("decode", &["-DEDGES=99"]);
    let arguments = ["oss-fuzz", "check", "--json", "--root", root(), "--out", "out"];
    let json = out.directory.run(&arguments).code(1).json();
    let decode = &json["builds"][0]["targets"][6];
    assert_eq!(decode["name"], "decode");
    assert_eq!(decode["edges"], 99);
    assert_eq!(decode["failures"][0]["about"], "edges");
    assert_eq!(json["builds"][0]["targets"][0]["failures"], serde_json::json!([]));
}

/// A repository with the files that are submitted.
fn repository_with_files(directory: &Directory) {
    for file in ["project.yaml", "Dockerfile", "build.sh"] {
        for folder in ["scripts/oss-fuzz", ".clusterfuzzlite"] {
            let path = directory.path().join(folder).join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::copy(repository().join(folder).join(file), path).unwrap();
        }
    }
}

#[test]
fn files_that_the_presubmit_refuses_are_named() {
    let out = Out::good();
    let directory = &out.directory;
    repository_with_files(directory);
    let run = || directory.run(&["oss-fuzz", "check", "--out", "out"]);
    run().code(0);

    directory.write(
        "scripts/oss-fuzz/project.yaml",
        "languages: rust\nsanitizers: [address, memory]\nprimary_contact: nobody\n",
    );
    let path = "scripts/oss-fuzz/Dockerfile";
    let dockerfile = String::from_utf8(directory.read(path)).unwrap();
    let dockerfile = dockerfile.replace("apache.org", "example.org").replace("-rust", "");
    directory.write(path, dockerfile + "RUN apt-get install zip\n");
    let path = "scripts/oss-fuzz/build.sh";
    let build = String::from_utf8(directory.read(path)).unwrap();
    directory.write(path, build + "cc -lFuzzingEngine\n");
    directory.write("scripts/oss-fuzz/seeds.zip", "");
    directory.write(".clusterfuzzlite/project.yaml", "language: [");
    fs::remove_file(directory.path().join(".clusterfuzzlite/build.sh")).unwrap();
    assert_refused(
        run(),
        &[
            "files: scripts/oss-fuzz/project.yaml: `languages` is none of OSS-Fuzz's keys",
            "files: scripts/oss-fuzz/project.yaml: `main_repo` is missing",
            "files: scripts/oss-fuzz/project.yaml: `language` is not rust",
            "files: scripts/oss-fuzz/project.yaml: `sanitizers` is not a list of address",
            "files: scripts/oss-fuzz/project.yaml: `nobody` is no address for mail",
            "files: scripts/oss-fuzz/Dockerfile: it does not name http://www.apache.org/",
            "files: scripts/oss-fuzz/Dockerfile: it does not start with `FROM gcr.io/oss-fuzz-base/",
            "files: scripts/oss-fuzz/Dockerfile: it installs packages without `apt-get update`",
            "files: scripts/oss-fuzz/build.sh: `-lFuzzingEngine`",
            "files: scripts/oss-fuzz: seeds.zip is a corpus",
            "files: .clusterfuzzlite/project.yaml: it is no YAML",
            "files: .clusterfuzzlite/build.sh: No such file",
        ],
    );
}

#[test]
fn build_sh_gets_the_environment_of_oss_fuzz_and_its_failure_is_told() {
    let out = Out::good();
    let directory = &out.directory;
    repository_with_files(directory);
    let header = "#!/usr/bin/env bash\n# http://www.apache.org/licenses/LICENSE-2.0\n";
    let build = "cd \"$SRC/put_user_page\"\n\
        [ \"$FUZZING_ENGINE-$ARCHITECTURE-$FUZZING_LANGUAGE\" = libfuzzer-x86_64-rust ]\n\
        [ -d \"$WORK\" ]\n\
        case \"$SANITIZER$RUSTFLAGS$CFLAGS\" in\n\
        address*-Zsanitizer=address*-fsanitize=address*) cp out/* \"$OUT\";;\n\
        coverage*-Cinstrument-coverage*-fprofile-instr-generate*) echo no room >&2; exit 9;;\n\
        esac\n";
    directory.write("scripts/oss-fuzz/build.sh", format!("{header}{build}"));
    assert_refused(
        directory.run(&["oss-fuzz", "check"]),
        &["coverage: build.sh: it fails; all of its output is in"],
    );
    let ran = directory.run(&["oss-fuzz", "check", "--json"]).code(1);
    let json = ran.json();
    let what = json["builds"][1]["failures"][0]["what"].as_str().unwrap();
    assert!(what.contains("\nno room\n"), "{what}");

    directory.write(
        "scripts/oss-fuzz/build.sh",
        format!("{header}cp out/* \"$OUT\"\n").replace("cp ", "cd \"$SRC/put_user_page\"; cp "),
    );
    let counts_nothing = TARGETS.map(|target| format!("{target}: coverage: it counts nothing"));
    let no_profile = TARGETS.map(|target| format!("{target}: coverage: it has written no profile"));
    let failures: Vec<&str> = counts_nothing.iter().chain(&no_profile).map(|f| &**f).collect();
    assert_refused(directory.run(&["oss-fuzz", "check"]), &failures);
}
