//! `pagediff report`: the page, as a file and in a browser.

mod browser;
#[path = "../common/mod.rs"]
mod common;
mod sample;

use std::path::PathBuf;

use common::{Directory, Ran};
use put_user_page_targets::registry::TARGETS;

/// The page of a record as JSON, and of line coverage.
fn page(directory: &Directory, record: &serde_json::Value, lcov: &str) -> PathBuf {
    directory.write("record.json", record.to_string());
    directory.write("lcov.info", lcov);
    let arguments =
        ["report", "--record", "record.json", "--coverage", "lcov.info", "-o", "page.html"];
    directory.run(&arguments).code(0).out(&["wrote page.html"]);
    directory.path().join("page.html")
}

fn text(directory: &Directory, record: &serde_json::Value, lcov: &str) -> String {
    std::fs::read_to_string(page(directory, record, lcov)).unwrap()
}

#[test]
fn everything_of_the_record_is_on_the_page() {
    let page = text(&Directory::new(), &sample::record(), &sample::lcov());
    for part in [
        "Started 2026-11-25 01:00 UTC, took 20 minutes on 2 cores",
        "<dt>divergences</dt><dd>17</dd>",
        "put_user_pages_dirty_lock() &lt;fast&gt;: fast differs from reference",
        "cargo run --release -- minimize --target program fuzz/artifacts/program/divergence-",
        "H head page, t tail page",
        "reference/kernel/runner/src/a_module_with_a_very_long_name/of_which_one_part",
    ] {
        assert!(page.contains(part), "there is no `{part}`");
    }
    let count = |part| page.matches(part).count();
    assert_eq!(count("<details class=\"finding\""), 17);
    // A chart for each target, and a line in it for each of four engines.
    let targets = TARGETS.len();
    assert_eq!(count("<svg class=\"chart\""), targets);
    assert_eq!(count("<title>honggfuzz</title>"), targets);
}

#[test]
fn the_page_stays_under_a_megabyte() {
    let page = text(&Directory::new(), &sample::record(), &sample::lcov());
    assert!(page.len() < 1 << 20, "{} bytes", page.len());
}

#[test]
fn a_record_of_nothing_is_a_page_that_says_so() {
    let record = serde_json::json!(
        {"started": u64::MAX, "seconds": 0, "cores": 1, "targets": [], "findings": []}
    );
    let page = text(&Directory::new(), &record, &sample::lcov());
    for part in ["an unknown time", "No target was fuzzed", "Nothing diverged", "No corpus"] {
        assert!(page.contains(part), "there is no `{part}`");
    }
}

#[test]
fn what_a_night_left_out_is_on_the_page_and_in_the_summary() {
    let directory = Directory::new();
    let mut record = sample::record();
    let write = |record: &serde_json::Value| {
        directory.write("record.json", record.to_string());
        let places = ["-o", "page.html", "--summary", "page.md"];
        directory.run(&[&["report", "--record", "record.json"], &places[..]].concat()).code(0);
        ["page.html", "page.md"].map(|file| String::from_utf8(directory.read(file)).unwrap())
    };
    for shown in write(&record) {
        for part in ["Left out", "the target kernel was not fuzzed", "could not be measured"] {
            assert!(shown.contains(part), "there is no `{part}` in:\n{shown}");
        }
    }
    record["left_out"] = serde_json::json!([]);
    for shown in write(&record) {
        assert!(!shown.contains("Left out"), "{shown}");
    }
}

#[test]
fn the_page_of_a_repository_has_its_own_places() {
    let directory = Directory::new();
    directory.write("fuzz/fuzz_targets/program.rs", "");
    directory.run(&["report"]).code(2).err(&["there is no record", "scripts/nightly"]);
    directory.write("target/nightly/record.json", sample::record().to_string());
    directory.run(&["report"]).code(0);
    let page = || String::from_utf8(directory.read("target/nightly/report.html")).unwrap();
    assert!(page().contains("It was not measured"));
    directory.write("target/coverage/lcov.info", sample::lcov());
    directory.run(&["report"]).code(0);
    assert!(page().contains("<code>src/release.rs</code>"));
    let summary = String::from_utf8(directory.read("target/nightly/report.md")).unwrap();
    assert!(summary.contains("\n| divergences | 17 |\n"), "{summary}");
}

#[test]
fn files_that_are_none_are_named() {
    let directory = Directory::new();
    directory.write("record.json", sample::record().to_string());
    directory.write("no.json", "{}");
    directory.write("no.info", "SF:a\nDA:1\n");
    let fails = |arguments: &[&str], parts: &[&str]| -> Ran {
        directory.run(&[&["report"], arguments].concat()).code(2).err(parts)
    };
    fails(&["--record", "no.json"], &["no.json holds no record"]);
    fails(&["--record", "not-there"], &["there is no file not-there"]);
    let record = ["--record", "record.json"];
    fails(&[&record[..], &["--coverage", "no.info"]].concat(), &["no.info, line 2", "lcov"]);
    directory.write("empty.info", "");
    let empty = [&record[..], &["--coverage", "empty.info"]].concat();
    fails(&empty, &["empty.info names no source files"]);
    fails(&[&record[..], &["--coverage", "none"]].concat(), &["there is no file none"]);
    fails(&[&record[..], &["-o", "none/page"]].concat(), &["there is no such directory"]);
}
