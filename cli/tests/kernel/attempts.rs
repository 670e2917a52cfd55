//! Patches to a kernel's mm/gup.c, in and verdicts out. They build kernels, which takes many minutes
//! and some GB: `cargo test --release --test kernel attempts -- --ignored --nocapture`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use put_user_page_kernel::{Release, Source, Which, gup_source, package_version};

use super::common::{Directory, Ran, repository};

/// A change of unpin_user_pages(), and what comes of it.
struct Change {
    name: &'static str,
    right: &'static str,
    other: &'static str,
    code: i32,
    told: &'static [&'static str],
}

const RIGHT: Change = Change {
    name: "right",
    right: "for (i = 0; i < npages; i += nr) {",
    other: "for (i = 0; i != npages; i = i + nr) {",
    code: 0,
    told: &[
        "unpin_user_pages() has changed",
        "verdict: no finding that the kernel without the patch has not",
    ],
};

const WRONG: Change = Change {
    name: "wrong",
    right: "gup_put_folio(folio, nr, FOLL_PIN);",
    other: "gup_put_folio(folio, nr > 2 ? nr - 1 : nr, FOLL_PIN);",
    code: 1,
    told: &[
        "unpin_user_pages() has changed",
        "kernel-unpin: unpin_user_pages(): NR_FOLL_PIN_RELEASED ",
    ],
};

const CRASHES: Change = Change {
    name: "crashes",
    right: "gup_put_folio(folio, nr, FOLL_PIN);",
    other: "gup_put_folio(folio_test_large(folio) ? folio_get_private(folio) : folio, nr, FOLL_PIN);",
    code: 1,
    told: &["unpin_user_pages() has changed", "kernel-unpin: unpin_user_pages(): crashed: "],
};

/// The source with one change in the body of unpin_user_pages().
fn changed(source: &str, change: &Change) -> String {
    let start = source.find("\nvoid unpin_user_pages(").expect("the function is there");
    let end = start + source[start..].find("\n}\n").expect("it ends");
    let body = &source[start..end];
    assert_eq!(body.matches(change.right).count(), 1, "{}", change.name);
    let body = body.replace(change.right, change.other);
    [&source[..start], &body, &source[end..]].concat()
}

/// The patch that makes one of two texts of mm/gup.c the other.
fn patch(directory: &Directory, name: &str, before: &str, after: &str) -> PathBuf {
    let files = [("a", before), ("b", after)];
    let files = files.map(|(side, text)| directory.write(&format!("{side}/mm/gup.c"), text));
    let mut diff = Command::new("diff");
    diff.args(["-u", "--label", "a/mm/gup.c", "--label", "b/mm/gup.c"]).args(files);
    directory.write(&format!("{name}.patch"), diff.output().unwrap().stdout)
}

/// mm/gup.c of Debian's kernel.
fn gup(release: Release) -> String {
    let version = package_version(&Which::Debian(release)).unwrap().unwrap();
    fs::read_to_string(gup_source(release, &version).unwrap()).unwrap()
}

fn attempt(directory: &Directory, arguments: &[&str]) -> Ran {
    let mut command = directory.command(&["kernel", "try"]);
    // What is built is worth keeping.
    command.args(arguments).env("CARGO_TARGET_DIR", repository().join("target"));
    let ran = Ran::from(command.output().unwrap());
    eprintln!("{}\n{}", ran.err, ran.out);
    ran
}

fn patches_are_judged(release: Release, options: &[&str]) {
    let (directory, source) = (Directory::new(), gup(release));
    for change in [RIGHT, WRONG, CRASHES] {
        let patch = patch(&directory, change.name, &source, &changed(&source, &change));
        let of = [patch.to_str().unwrap(), "--release", release.name()];
        let arguments = [&of[..], options].concat();
        attempt(&directory, &arguments).code(change.code).out(change.told);
    }
}

#[test]
#[ignore = "builds a kernel"]
fn patches_are_judged_by_what_they_do() {
    patches_are_judged(Release::V6_1, &[]);
}

#[test]
#[ignore = "builds a kernel, after `scripts/kernel setup --release 6.12`"]
fn patches_of_6_12_are_judged_by_what_they_do() {
    patches_are_judged(Release::V6_12, &[]);
}

#[test]
#[ignore = "builds a kernel with all that watches it, and waits for it to die many times"]
fn patches_are_judged_where_all_is_watched() {
    patches_are_judged(Release::V6_1, &["--debug", "--generated", "0"]);
}

#[test]
#[ignore = "builds a kernel"]
fn what_cannot_be_tried_has_its_own_code() {
    let (directory, source) = (Directory::new(), gup(Release::V6_1));
    let broken = Change { name: "broken", other: "for (;;) { this does not compile", ..RIGHT };
    let patch = patch(&directory, broken.name, &source, &changed(&source, &broken));
    let none = ["--generated", "0", "--cases", "1.case"];
    directory.write("1.case", super::common::CASE);
    let ran = attempt(&directory, &[&[patch.to_str().unwrap()], &none[..]].concat()).code(125);
    ran.err(&["does not compile", "help: "]);
}

#[test]
fn mistakes_of_the_caller_stop_a_bisection() {
    let directory = Directory::new();
    directory.write("no.patch", "nothing\n");
    for (arguments, told) in [
        (&["--no-such-option"][..], "unexpected argument"),
        (&[], "required arguments were not provided"),
        (&["--source", "nowhere"], "there is no file nowhere"),
        (&["--source", "."], "is no source of a kernel"),
        (&["nowhere.patch", "--source", "."], "there is no file nowhere.patch"),
        (&["no.patch", "--source", "."], "is no source of a kernel"),
    ] {
        attempt(&directory, arguments).code(128).err(&[told]);
    }
}

/// A git repository of a kernel's source, with five commits that change mm/gup.c, the third of them
/// wrongly.
fn five_commits(folder: &Path) {
    let tree = Source::of_debian(Release::V6_1).unwrap().folder().to_owned();
    let run = |program: &str, arguments: &[&str]| {
        let status = Command::new(program).args(arguments).current_dir(folder).status().unwrap();
        assert!(status.success(), "{program} {arguments:?}");
    };
    run("cp", &["-al", &format!("{}/.", tree.display()), "."]);
    run("git", &["init", "--quiet"]);
    let commit = |message: &str| {
        run("git", &["add", "--all", "--force"]);
        let user = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"];
        run("git", &[&user[..], &["commit", "--quiet", "-m", message]].concat());
    };
    commit("The source as it is");
    let gup = folder.join("mm/gup.c");
    let mut text = fs::read_to_string(&gup).unwrap();
    for (number, change) in (1..).zip([None, Some(RIGHT), Some(WRONG), None, None]) {
        text = match &change {
            Some(change) => changed(&text, change),
            None => format!("{text}\n/* Commit {number}. */\n"),
        };
        // Not into the file that is shared.
        fs::remove_file(&gup).unwrap();
        fs::write(&gup, &text).unwrap();
        commit(&format!("Change number {number}"));
    }
}

#[test]
#[ignore = "makes a git repository of a kernel's source, and builds kernels"]
fn a_bisection_finds_the_wrong_commit() {
    let place = repository().join("target/kernel/tests");
    fs::create_dir_all(&place).unwrap();
    let directory = Directory::within(&place);
    five_commits(directory.path());
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args(arguments).current_dir(directory.path());
        Ran::from(git.output().unwrap()).code(0)
    };
    git(&["bisect", "start", "HEAD", "HEAD~5"]);
    let script = repository().join("scripts/kernel");
    let ran = git(&["bisect", "run", script.to_str().unwrap(), "try", "--source", "."]);
    eprintln!("{}\n{}", ran.err, ran.out);
    ran.out(&["is the first bad commit", "Change number 3"]);
}
