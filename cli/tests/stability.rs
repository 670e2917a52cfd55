//! `pagediff stability` with engines that only play ones: a cargo that builds nothing, and
//! programs that cover what a test says.

mod common;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use common::{CASE, Directory, OVER_RELEASE, Ran, repository};

/// Where each engine's program for a target is.
const LIBFUZZER: &str = "target/libfuzzer-none/x86_64-unknown-linux-gnu/release";
const AFL: &str = "target/afl/x86_64-unknown-linux-gnu/release";
const HONGGFUZZ: &str = "fuzz/honggfuzz/hfuzz_target";

/// `cargo afl showmap`, whose maps are what the program prints of each file. All else that cargo
/// is asked for succeeds.
const CARGO: &str = r#"#!/bin/sh
[ "$2" = showmap ] || exit 0
while [ $# -gt 1 ]; do
    case $1 in -I) list=$2;; -o) maps=$2;; esac
    shift
done
while read -r file; do "$1" "$file" > "$maps/${file##*/}"; done < "$list"
"#;

/// libFuzzer's merge, where the features of each file are what a command prints.
const MERGE: &str = r#"#!/bin/sh
control=${2#-merge_control_file=}
number=0
tail -n +3 "$control" > files
while read -r file; do
    echo "FT $number $(COVER)" >> "$control"
    number=$((number + 1))
done < files
"#;

/// A repository whose engines' programs are stable, with these inputs in files of their own.
fn with_inputs(cases: &[&str]) -> Directory {
    let directory = Directory::new();
    for (number, case) in cases.iter().enumerate() {
        directory.write(&format!("corpus/program/{number}.case"), case);
    }
    for folder in ["fuzz/afl", "fuzz/honggfuzz"] {
        std::fs::create_dir_all(directory.path().join(folder)).unwrap();
    }
    script(&directory, "bin/cargo", CARGO);
    libfuzzer(&directory, "wc -c < \"$file\"");
    script(&directory, &format!("{AFL}/program"), "#!/bin/sh\necho \"$(wc -c < \"$1\"):1\"\n");
    honggfuzz(&directory, "943");
    directory
}

fn libfuzzer(directory: &Directory, covers: &str) {
    script(directory, &format!("{LIBFUZZER}/program"), &MERGE.replace("COVER", covers));
}

fn honggfuzz(directory: &Directory, edges: &str) {
    let text = format!("#!/bin/sh\necho \"Sz:48 New:0/0/0/0/0/1, Cur:0/0/0/{edges}/57/8\"\n");
    script(directory, &format!("{HONGGFUZZ}/honggfuzz"), &text);
}

fn script(directory: &Directory, name: &str, text: &str) {
    let path = directory.write(name, text);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn stability(directory: &Directory, arguments: &[&str]) -> Ran {
    let mut command = directory.command(&[&["stability"], arguments].concat());
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", directory.path().join("bin").display()));
    command.output().unwrap().into()
}

/// What the table has for the one target, by the heads of its columns.
fn table(ran: &Ran) -> BTreeMap<&str, &str> {
    let mut rows = ran.out.lines().map(str::split_whitespace);
    let (heads, cells) = (rows.next().unwrap(), rows.next().unwrap());
    heads.zip(cells).collect()
}

/// The settings in which inputs differ, and how many. `fixed` is not everywhere, and left out.
fn differing(ran: &Ran) -> Vec<(&'static str, String)> {
    let table = table(ran);
    let numbers = ["first", "again", "heap", "reversed", "shuffled"]
        .map(|setting| (setting, table[setting].to_owned()));
    numbers.into_iter().filter(|(_, number)| number != "0").collect()
}

const SMALL: &str = "folio a\nentries a\nput_user_page\n";

#[test]
fn what_does_the_same_everywhere_is_stable() {
    let directory = with_inputs(&[CASE, SMALL, OVER_RELEASE]);
    let ran = stability(&directory, &["corpus"]).code(0);
    let table = table(&ran);
    assert_eq!((table["target"], table["inputs"]), ("program", "3"));
    // Six settings for three engines, and four of them for this process.
    assert_eq!(table["runs"], if table.contains_key("fixed") { "66" } else { "57" });
    assert_eq!(differing(&ran), []);
    assert_eq!(ran.out.lines().last(), Some("no differences"));
    let json = stability(&directory, &["corpus", "--json"]).code(0).json();
    assert_eq!(json[0]["differing"][1]["setting"], "again");
    assert_eq!(json[0]["differences"].as_array().unwrap().len(), 0);
}

#[test]
fn coverage_that_depends_on_earlier_inputs_is_named() {
    let directory = with_inputs(&[CASE, SMALL, OVER_RELEASE]);
    libfuzzer(&directory, "echo $number 7 8");
    let ran = stability(&directory, &["corpus"]).code(1);
    // The second of three has the same place in reversed order.
    assert_eq!(differing(&ran)[0], ("reversed", "2".to_owned()));
    ran.out(&[
        "corpus/program/0.case: libfuzzer, reversed: 2 features differ\n",
        "corpus/program/2.case: libfuzzer, reversed: 2 features differ\n",
    ]);
}

#[test]
fn coverage_that_depends_on_addresses_is_named() {
    let directory = with_inputs(&[SMALL]);
    // Covers bits of the address of a variable, and of what is in new memory.
    let code = r#"
        #include <stdio.h>
        #include <stdint.h>
        #include <stdlib.h>
        int main(void)
        {
            int here;
            unsigned char *new = malloc(100);
            printf("%u:1\n", (unsigned)((uintptr_t)&here >> 4 & 0xfffff));
            printf("%u:1\n", 0x100000u + new[50]);
        }"#;
    let source = directory.write("addresses.c", code);
    let program = directory.path().join(AFL).join("program");
    let mut compiler = Command::new("cc");
    compiler.args(["-O0", "-fPIE", "-pie"]).arg(source).arg("-o").arg(program);
    assert!(compiler.status().unwrap().success());
    let ran = stability(&directory, &["corpus"]).code(1);
    assert_eq!(differing(&ran)[0], ("again", "1".to_owned()));
    ran.out(&[
        "corpus/program/0.case: afl, again: 2 tuples differ\n",
        "corpus/program/0.case: afl, heap: 4 tuples differ\n",
    ]);
}

#[test]
fn an_engine_that_finds_what_others_do_not_is_named() {
    let directory = with_inputs(&[CASE, SMALL, OVER_RELEASE]);
    // Records one that is none, for the smallest input that is not empty.
    let covers = "if [ -s \"$file\" ] && [ $(wc -c < \"$file\") -lt 30 ]; then \
         mkdir -p \"$PUT_USER_PAGE_FINDINGS/program\"; \
         echo > \"$PUT_USER_PAGE_FINDINGS/program/divergence-fast-x\"; fi; echo 1";
    libfuzzer(&directory, covers);
    let ran = stability(&directory, &["corpus"]).code(1);
    assert!(differing(&ran).iter().all(|(_, number)| number == "1"));
    assert_eq!(differing(&ran).len(), 5);
    ran.out(&[
        "corpus/program/1.case: libfuzzer, first: diverges as fast-x, but at first does not diverge",
    ]);
}

#[test]
fn edges_that_come_and_go_are_of_all_inputs() {
    let directory = with_inputs(&[SMALL]);
    honggfuzz(&directory, "$((940 + ${#MALLOC_PERTURB_}))");
    let ran = stability(&directory, &["corpus"]).code(1);
    assert_eq!(differing(&ran), []);
    ran.out(&["all inputs of program: honggfuzz, heap: 3 edges differ\n1 difference\n"]);
}

#[test]
#[ignore = "builds every target for every engine, and runs all inputs six times"]
fn the_committed_corpora_are_stable() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pagediff"));
    command.current_dir(repository()).args(["stability", "corpus"]);
    let ran = Ran::from(command.output().unwrap()).code(0);
    assert_eq!(ran.out.lines().last(), Some("no differences"));
}
