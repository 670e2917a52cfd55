//! The bug bank by its command: all bugs are found by the committed corpus, each is told as a
//! story, and the page about them is about all of them.

mod common;

use common::{Directory, Ran, repository};
use put_user_page_bugs::waiting::WAITING;
use put_user_page_bugs::{BUGS, bug};

/// The command in the repository.
fn bugs(arguments: &[&str]) -> Ran {
    let mut command = Directory::new().command(&["bugs"]);
    command.current_dir(repository()).args(arguments).output().unwrap().into()
}

#[test]
fn the_committed_corpus_finds_every_bug() {
    let ran = bugs(&[]).code(0);
    ran.out(&[&format!("the committed corpus finds {0} of {0} bugs, in ", BUGS.len())]);
}

#[test]
fn a_bug_is_told_with_the_smallest_case_that_shows_it() {
    let name = "skip-the-last-entry";
    let story = bug(name).expect("the bank has it").story;
    let case = "  the case:\n    folio a\n    entries a\n    put_user_page";
    bugs(&[name]).code(0).out(&[story, case, "the committed corpus finds 1 of 1 bug, in "]);
    let json = bugs(&["--json", name]).code(0).json();
    assert_eq!(json[0]["name"], name);
    assert_eq!(json[0]["replayed"]["smallest"]["size"]["entries"], 1);
}

#[test]
fn no_bug_of_that_name_is_an_error() {
    bugs(&["no-such-bug"]).code(2).err(&["no-such-bug", "`pagediff bugs` lists them"]);
}

#[test]
fn the_page_is_about_every_bug() {
    let page = std::fs::read_to_string(repository().join("docs/bugs.md")).unwrap();
    let stories = page.lines().filter_map(|line| line.strip_prefix("### "));
    let names = BUGS.iter().map(|bug| bug.name);
    assert!(stories.eq(names), "write it again with `pagediff bugs --docs`");
    for waiting in WAITING {
        assert!(page.contains(&format!("\n| {} |", waiting.name)), "{}", waiting.name);
    }
}
