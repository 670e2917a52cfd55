//! docs/bugs.md: the bank as a table, and each bug as a story.

use std::fmt::Write;
use std::path::Path;

use pagediff_terminal::error::{Stop, error, file_error};
use put_user_page_bugs::waiting::WAITING;
use put_user_page_bugs::{BUGS, Bug, Scale, bug};
use put_user_page_fuzz_common::ablation::Ablation;

use super::plot::survival;
use super::record::{
    BugRecord, HuntRecord, Hunter, Smallest, Summary, last_run, last_runs, median,
};
use crate::engines::Engine;

/// How many lines of a report are shown.
const REPORT_LINES: usize = 14;

/// What stands before all that was measured.
const HEAD: &str = "\
# The bug bank

<!-- Written by `pagediff bugs --docs`. -->

Known bugs of code that releases pages, each as a backend that differs from what is right in one
thing (`bugs/src/bank/`): they were made somewhere, so they will be made again. The committed corpus
must find all of them, and minimising it loses none ([corpus.md](corpus.md)). Engines must find them
from nothing.

```console
$ cargo run --release -- bugs
$ cargo run --release -- bugs block-skips-an-entry --engine libfuzzer --seconds 30
$ cargo run --release -- bugs --engine all
$ cargo run --release -- bugs --ablation all --seeds 3 --seconds 20 --docs
```

An engine has one program for all bugs: the target `program` with the one in the place of what ships
that `PUT_USER_PAGE_BUG` names. It starts from an empty corpus, with the target's dictionary, on one
core. Seconds are those from the start of its process to the report, of bolero from the start of its
libFuzzer, and of AFL++ and honggfuzz, which keep what the target writes, to the end of the process;
the number before them is of executions; both are medians over the seeds. honggfuzz has no way to be
given a seed: its runs are so many by chance. `–` is
what was not found in most of them in time, or what the engine does not tell. `large` is what takes more
work than a case that engines make: they do not look for it, and it is not counted with what they found.
";

/// Whether the page can be written of these bugs once these hunters have looked: what it says of the
/// others was measured before, and is kept.
///
/// # Errors
///
/// Not all bugs are to be looked for, or what was measured is not kept, or of another bank.
pub(super) fn check(root: &Path, bugs: &[&Bug], to_look: &[Hunter]) -> Result<(), Stop> {
    if bugs.len() < BUGS.len() {
        return Err(error("docs/bugs.md is about all bugs", "leave out the names"));
    }
    for hunter in Hunter::all().into_iter().filter(|hunter| !to_look.contains(hunter)) {
        if last_run(root, hunter)?.is_none() {
            let place = hunter.place(root);
            return Err(error(
                format!("docs/bugs.md tells what was measured, and {} is missing", place.display()),
                "run `pagediff bugs --engine all` and `pagediff bugs --ablation all` without --docs",
            ));
        }
    }
    Ok(())
}

/// Writes the page and its plot; replaying the corpus took so many seconds.
///
/// # Errors
///
/// A file cannot be read or written.
pub(super) fn write(root: &Path, records: &[BugRecord], seconds: f64) -> Result<(), Stop> {
    let engines = last_runs(root, &Engine::ALL.map(Hunter::whole))?;
    let without = last_runs(root, &Ablation::ALL.map(Hunter::without))?;
    let mut text = HEAD.to_owned();
    let found = records.iter().filter(|record| record.replayed.is_some()).count();
    let of = records.len();
    line(&mut text, &format!("\nThe committed corpus finds {found} of {of}, in {seconds:.2} s."));
    summary(&mut text, &engines);
    ablations(&mut text, &engines, &without);
    table(&mut text, records, &engines);
    stories(&mut text, records);
    waiting(&mut text);
    let files = [("docs/bugs.md", text), ("docs/bugs.svg", plot(&engines))];
    for (path, text) in files.map(|(name, text)| (root.join(name), text)) {
        std::fs::write(&path, text).map_err(|why| file_error(&path, "written", &why))?;
    }
    Ok(())
}

fn plot(engines: &[Vec<HuntRecord>]) -> String {
    let finders: Vec<Summary> = engines.iter().map(Summary::of).collect();
    format!("{}\n", survival(&finders).into_string())
}

fn summary(text: &mut String, engines: &[Vec<HuntRecord>]) {
    text.push_str(
        "\n| engine | sanitizer | seeds | bugs found each time | median | the longest run |\n",
    );
    text.push_str("|---|---|---:|---:|---:|---:|\n");
    for hunts in engines {
        let summary = Summary::of(hunts);
        let Summary { seeds, always_found, bugs, longest, .. } = summary;
        let (median, found) = (summary.median(), format!("{always_found} of {bugs}"));
        let HuntRecord { engine, sanitizer, .. } = &hunts[0];
        let row = format!("{engine} | {sanitizer} | {seeds} | {found} | {median} | {longest:.1} s");
        line(text, &format!("| {row} |"));
    }
    text.push_str("\n![How many bugs are left after how long, by engine](bugs.svg)\n");
}

/// What libFuzzer finds without parts of the design.
fn ablations(text: &mut String, engines: &[Vec<HuntRecord>], without: &[Vec<HuntRecord>]) {
    text.push_str(
        "\n## What each part of the design brings\n\n\
         libFuzzer again, with the address sanitizer, but for what is taken away: with fewer seeds, and \
         given up sooner.\n\n\
         | libFuzzer | seeds | the longest run | found each time | found ever | median | executions | never found |\n\
         |---|---:|---:|---:|---:|---:|---:|---|\n",
    );
    let whole = engines.iter().filter(|hunts| hunts[0].engine == Engine::Libfuzzer.name());
    for hunts in whole.chain(without) {
        let summary = Summary::of(hunts);
        let Summary { seeds, always_found, found_ever, bugs, longest, .. } = summary;
        let ablation = hunts[0].ablation.as_deref().and_then(Ablation::named);
        let what = ablation.map_or("as it is", Ablation::what_is_left);
        let pairs = BUGS.iter().filter(|bug| bug.scale == Scale::Small).zip(hunts);
        let never = pairs.filter(|(_, hunt)| !hunt.ever_found());
        let never: Vec<String> = never.map(|(bug, _)| format!("`{}`", bug.name)).collect();
        let found = format!("{always_found} of {bugs} | {found_ever}");
        let (median, never) = (summary.median(), never.join(", "));
        let executions = median_executions(hunts);
        line(
            text,
            &format!(
                "| {what} | {seeds} | {longest:.0} s | {found} | {median} | {executions} | {never} |"
            ),
        );
    }
}

/// The median over the bugs of how many inputs were run, which no load changes.
fn median_executions(hunts: &[HuntRecord]) -> String {
    let each = hunts.iter().map(|hunt| hunt.median_executions().unwrap_or(f64::INFINITY));
    let median = median(each.collect()).filter(|median| median.is_finite());
    median.map_or("–".to_owned(), |median| format!("{median:.0}"))
}

fn table(text: &mut String, records: &[BugRecord], engines: &[Vec<HuntRecord>]) {
    text.push_str("\n## All bugs\n\n");
    text.push_str(
        "`case` is the number of the committed case that finds it; pages and entries are\n",
    );
    text.push_str("those of the smallest case that shows it.\n\n");
    let names = engines.iter().map(|hunts| format!(" {} | s |", hunts[0].engine));
    line(text, &format!("| bug | case | pages | entries |{}", names.collect::<String>()));
    line(text, &format!("|---|---:|---:|---:|{}", "---:|---:|".repeat(engines.len())));
    let mut hunted = 0;
    for BugRecord { name, replayed, .. } in records {
        let found = replayed.as_ref().map_or("– | – | –".to_owned(), |found| {
            let size = found.smallest.as_ref().map(|smallest| smallest.size);
            let [pages, entries] = size.map_or([0, 0], |size| [size.pages, size.entries]);
            format!("{} | {pages} | {entries}", found.cases)
        });
        let is_hunted = story_of(name).scale == Scale::Small;
        let cells = engines.iter().map(|hunts| cells(is_hunted.then(|| &hunts[hunted])));
        line(text, &format!("| [{name}](#{name}) | {found} |{}", cells.collect::<String>()));
        hunted += usize::from(is_hunted);
    }
}

/// What an engine did, if it was to find the bug.
fn cells(hunt: Option<&HuntRecord>) -> String {
    let Some(hunt) = hunt else { return " large | |".to_owned() };
    let cell = |number: Option<f64>, digits| {
        number.map_or("–".to_owned(), |number| format!("{number:.digits$}"))
    };
    format!(" {} | {} |", cell(hunt.median_executions(), 0), cell(hunt.median_seconds(), 2))
}

fn story_of(name: &str) -> &'static Bug {
    bug(name).expect("records are of the bank")
}

fn stories(text: &mut String, records: &[BugRecord]) {
    text.push_str("\n## The stories\n");
    for BugRecord { name, replayed, .. } in records {
        let bug = story_of(name);
        line(text, &format!("\n### {name}\n\n{}\n\nOf: {}.", bug.story, bug.source));
        let smallest = replayed.as_ref().and_then(|replayed| replayed.smallest.as_ref());
        if let Some(Smallest { case, report, .. }) = smallest {
            line(text, &format!("\n```\n{}\n```", case.trim_end()));
            line(text, &format!("\n```text\n{}\n```", shortened(report)));
        }
    }
}

/// The first lines of a report, which ends with the case.
fn shortened(report: &str) -> String {
    let mut lines: Vec<&str> = report.trim_end().lines().map(str::trim_end).collect();
    if lines.len() > REPORT_LINES {
        lines.truncate(REPORT_LINES);
        lines.push("…");
    }
    lines.join("\n")
}

fn waiting(text: &mut String) {
    text.push_str("\n## What waits\n\nBugs that the model has no words for yet. A test fails once it has.\n\n");
    text.push_str("| bug | of | waits for |\n|---|---|---|\n");
    for waiting in WAITING {
        let needs = waiting.needs.iter().map(|needs| format!("{needs:?}"));
        let needs = needs.collect::<Vec<_>>().join(", ");
        line(text, &format!("| {} | {} | {needs} |", waiting.name, waiting.source));
    }
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing to a String succeeds");
}

#[cfg(test)]
mod tests {
    use super::{BUGS, HEAD, Hunter, check};

    #[test]
    fn what_was_measured_is_not_written_over_by_nothing() {
        let empty = tempfile::tempdir().unwrap();
        let hunters = Hunter::all();
        assert!(check(empty.path(), &BUGS, &hunters).is_ok(), "all are to look");
        assert!(check(empty.path(), &BUGS, &hunters[1..]).is_err(), "one is not, and never has");
        assert!(check(empty.path(), &BUGS[1..], &hunters).is_err(), "a bug is left out");
    }

    #[test]
    fn the_page_begins_with_what_stands_here() {
        assert!(include_str!("../../../docs/bugs.md").starts_with(HEAD));
    }
}
