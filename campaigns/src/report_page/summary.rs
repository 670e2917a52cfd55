//! A record in a few words and figures, for the page and for Markdown.

use indicatif::{HumanCount, HumanDuration};
use jiff::Timestamp;
use pagediff_terminal::output::count;

use crate::bugs::BankRecord;
use crate::lcov::{self, FileLines};
use crate::record::{LeftOut, Record};

/// What all of this is about.
pub(super) const TITLE: &str = "Fuzzing put_user_page*()";

/// When it was, and with how much.
pub(super) fn when(record: &Record) -> String {
    let started = i64::try_from(record.started).ok().and_then(|s| Timestamp::from_second(s).ok());
    let started = match started {
        Some(started) => started.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        None => "an unknown time".to_owned(),
    };
    let lasted = HumanDuration(std::time::Duration::from_secs(record.seconds));
    format!("Started {started}, took {lasted} on {}", count(record.cores, "core"))
}

/// A figure and what it is of.
pub(super) struct Figure {
    pub(super) what: &'static str,
    pub(super) figure: String,
    /// Whether somebody has to look at it.
    pub(super) is_bad: bool,
}

pub(super) fn figures(record: &Record, files: Option<&[FileLines]>) -> [Figure; 6] {
    let all = record.targets.iter().flat_map(|target| &target.engines);
    let executions = all.fold(0, |sum: u64, engine| sum.saturating_add(engine.executions));
    let minimised = record.targets.iter().filter_map(|target| target.corpus.as_ref());
    let (lost, whole): (Vec<_>, Vec<_>) =
        minimised.partition(|corpus| corpus.kept.iter().any(|kept| kept.is_lost()));
    let lost_figure = match (lost.len(), whole.len()) {
        (0, 0) => "none minimised".to_owned(),
        (lost, _) => lost.to_string(),
    };
    let percent = files.map(|files| {
        let (covered, total) = lcov::sum(files);
        format!("{:.1} %", lcov::percent(covered, total))
    });
    let percent = percent.unwrap_or_else(|| "not measured".to_owned());
    let figure = |what, figure, is_bad| Figure { what, figure, is_bad };
    [
        figure("divergences", record.findings.len().to_string(), !record.findings.is_empty()),
        figure("corpora that lost something", lost_figure, !lost.is_empty()),
        bank_figure(record.bank.as_ref()),
        figure("targets", record.targets.len().to_string(), false),
        figure("executions", HumanCount(executions).to_string(), false),
        figure("of our lines covered", percent, false),
    ]
}

fn bank_figure(bank: Option<&BankRecord>) -> Figure {
    let figure = bank.map_or("not looked at".to_owned(), |bank| {
        format!("{} of {}", bank.bugs - bank.not_found.len(), bank.bugs)
    });
    let is_bad = bank.is_some_and(|bank| !bank.not_found.is_empty());
    Figure { what: "bugs of the bank found", figure, is_bad }
}

/// What is not in the record, and how it comes to be next time.
pub(super) fn left_out(part: LeftOut) -> &'static str {
    match part {
        LeftOut::Kernel => {
            "The kernel, which is not set up here: the target kernel was not fuzzed, and no corpus \
             was replayed in one. scripts/kernel setup sets it up."
        }
        LeftOut::LineCoverage => {
            "Line coverage, which could not be measured. scripts/setup coverage says why, or sets \
             up what it needs."
        }
    }
}
