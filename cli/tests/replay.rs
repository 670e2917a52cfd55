//! What replay tells: findings and not cases, soon, and again when a candidate changes.

mod common;

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{Directory, Ran};

/// Does not release the last entry, does not mark compound pages, and crashes where it locks.
const THREE_MISTAKES: &str = "\
#include \"put_user_page.h\"
void put_user_pages(struct page **pages, unsigned long npages)
{
	for (unsigned long i = 0; i + 1 < npages; i++)
		put_page(pages[i]);
}
void put_user_pages_dirty(struct page **pages, unsigned long npages)
{
	for (unsigned long i = 0; i < npages; i++) {
		if (!PageCompound(pages[i]) && !PageDirty(pages[i]))
			set_page_dirty(pages[i]);
		put_page(pages[i]);
	}
}
void put_user_pages_dirty_lock(struct page **pages, unsigned long npages)
{
	*(volatile int *)8 = 1;
}
";

const RIGHT: &str = "\
#include \"put_user_page.h\"
void put_user_pages(struct page **pages, unsigned long npages)
{
	for (unsigned long i = 0; i < npages; i++)
		put_page(pages[i]);
}
";

fn with_cases() -> Directory {
    let directory = Directory::new();
    directory.write("mine.c", THREE_MISTAKES);
    let noise = "folio x order=2 kind=file dirty refs=5\nentries x[1]\nclean x\n";
    for number in 0..3 {
        let text = format!("{noise}folio a refs=3\nentries a*{}\nput_user_pages\n", number + 2);
        directory.write(&format!("cases/last-{number}.case"), text);
    }
    directory.write("cases/mark.case", "folio a order=1 refs=1\nentries a\nput_user_pages_dirty\n");
    directory.write("cases/crash.case", "folio a\nentries a\nput_user_pages_dirty_lock\n");
    directory.write("cases/right.case", "folio a dirty\nentries a\nput_user_pages_dirty\n");
    directory
}

/// The command, that finds its files where it runs.
fn replay(directory: &Directory, options: &[&str]) -> Ran {
    let mut command = directory.command(&[&["replay", "--backend", "mine.c"], options].concat());
    command.env_remove("CARGO_TARGET_DIR").env_remove("CC").output().unwrap().into()
}

#[test]
fn findings_come_most_frequent_first_each_with_its_smallest_case() {
    let directory = with_cases();
    let ran = replay(&directory, &["cases"]).code(1);
    let mut lines = ran.out.lines();
    assert_eq!(lines.next(), Some("6 cases, 5 diverge, 3 distinct findings"));
    let headings: Vec<_> = lines.filter(|line| line.starts_with(['1', '2', '3'])).collect();
    assert_eq!(
        headings[0],
        "1. put_user_pages(): state live, not freed, of page a, order 0, anon, frame 0"
    );
    let ran = ran.out(&["   3 cases: mine-put_user_pages-refcount-high", "   1 case: "]);
    // One entry of one page is enough, and is in a file that explain takes.
    let least = "folio a\nentries a\nput_user_pages\n";
    let file = "target/findings/mine-put_user_pages-refcount-high-order-0.case";
    assert_eq!(String::from_utf8(directory.read(file)).unwrap(), least);
    let ran = ran.out(&[&format!("explain --backend mine.c {file}\n")]);
    ran.err(&["first: cases/crash.case: mine.c: put_user_pages_dirty_lock(): crashed: signal 11"]);
}

#[test]
fn all_shows_every_case() {
    let ran = replay(&with_cases(), &["--all", "cases"]).code(1);
    for name in ["last-0", "last-1", "last-2", "mark", "crash"] {
        assert!(ran.out.contains(&format!("cases/{name}.case\n")), "{}", ran.out);
    }
}

#[test]
fn drawn_cases_leave_one_file_for_each_finding() {
    let directory = with_cases();
    let ran = replay(&directory, &["--generated", "300", "--json"]).code(1).json();
    let findings = ran["findings"].as_array().unwrap();
    assert!(
        findings.len() > 2 && ran["diverge"].as_u64().unwrap() > findings.len() as u64,
        "{ran}"
    );
    let files = std::fs::read_dir(directory.path().join("target/findings")).unwrap();
    assert_eq!(files.count(), findings.len());
    assert!(!directory.path().join("fuzz").exists());
}

#[test]
fn a_candidate_that_hangs_three_times_in_a_row_is_asked_no_more() {
    let directory = with_cases();
    directory.write("mine.c", RIGHT.replace("\t\tput_page(pages[i]);", "\t\tfor (;;);"));
    for number in 3..9 {
        let text = format!("folio a refs=3\nentries a*{number}\nput_user_pages\n");
        directory.write(&format!("cases/last-{number}.case"), text);
    }
    let ran = replay(&directory, &["--time-limit", "1", "cases"]).code(1);
    let skips = "mine.c skipped 8 cases: it hung on the cases before, and is not asked any more";
    ran.out(&["12 cases, 3 diverge, 1 distinct finding", skips]);
}

#[test]
fn a_candidate_that_dies_the_same_way_again_and_again_is_asked_no_more() {
    let directory = with_cases();
    for number in 0..40 {
        let text = format!("folio a refs={number}\nentries a\nput_user_pages_dirty_lock\n");
        directory.write(&format!("more/{number}.case"), text);
    }
    let ran = replay(&directory, &["more"]).code(1);
    let skips = "mine.c skipped 19 cases: it died on 20 cases before, and is not asked any more";
    ran.out(&["40 cases, 21 diverge, 1 distinct finding", skips]);
}

#[test]
fn watch_replays_when_the_file_changes_and_waits_where_it_does_not_compile() {
    let directory = with_cases();
    let arguments = ["replay", "--watch", "--backend", "mine.c", "cases"];
    let mut command = directory.command(&arguments);
    command.env_remove("CARGO_TARGET_DIR").stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let end = Instant::now() + Duration::from_secs(300);
    let mut wait_for = |what: &str| {
        assert!(lines.any(|line| line.contains(what)) && Instant::now() < end, "no `{what}`");
    };
    wait_for("6 cases, 5 divergences");
    directory.write("mine.c", "no C\n");
    wait_for("mine.c has changed");
    directory.write("mine.c", RIGHT);
    wait_for("mine.c has changed");
    wait_for("6 cases, 0 divergences");
    child.kill().unwrap();
    child.wait().unwrap();
    let ran = directory.run(&["replay", "--watch", "cases"]).code(2);
    ran.err(&["there is no file to watch", "--backend FILE.c"]);
    // A name that was never right is not waited for.
    let never = ["replay", "--watch", "--backend", "never.c", "cases"];
    directory.run(&never).code(2).err(&["there is no file never.c"]);
}
