//! The page: its frame, its summary, and its sections.

use indicatif::{HumanCount, HumanDuration};
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use pagediff_terminal::output::count;

use super::{corpora, engines, findings, lines};
use crate::lcov::{self, FileLines};
use crate::record::Record;

/// Lets the page load nothing and run nothing: all that it has is in it.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The page of a record, and of line coverage if it was measured.
pub(super) fn page(record: &Record, files: Option<&[FileLines]>) -> Markup {
    // What is to be looked at first comes first.
    let sections = [
        ("divergences", "Divergences", findings::section(&record.findings)),
        ("engines", "Engines", engines::section(&record.targets)),
        ("corpora", "Corpora", corpora::section(&record.targets)),
        ("lines", "Line coverage", lines::section(files)),
    ];
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Fuzzing put_user_page*()" }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                header {
                    h1 { "Fuzzing put_user_page*()" }
                    p { (when(record)) }
                    (summary(record, files))
                    nav aria-label="Sections" {
                        @for (id, title, _) in &sections { a href={ "#" (id) } { (title) } }
                    }
                }
                main {
                    @for (id, title, content) in &sections {
                        section id=(id) { h2 { (title) } (content) }
                    }
                }
            }
        }
    }
}

/// When it was, and with how much.
fn when(record: &Record) -> String {
    let started = i64::try_from(record.started).ok().and_then(|s| Timestamp::from_second(s).ok());
    let started = match started {
        Some(started) => started.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        None => "an unknown time".to_owned(),
    };
    let lasted = HumanDuration(std::time::Duration::from_secs(record.seconds));
    format!("Started {started}, took {lasted} on {}", count(record.cores, "core"))
}

fn summary(record: &Record, files: Option<&[FileLines]>) -> Markup {
    let all = record.targets.iter().flat_map(|target| &target.engines);
    let executions = all.fold(0, |sum: u64, engine| sum.saturating_add(engine.executions));
    let minimised = record.targets.iter().filter_map(|target| target.corpus.as_ref());
    let (lost, whole): (Vec<_>, Vec<_>) =
        minimised.partition(|corpus| corpus.kept.iter().any(|kept| kept.is_lost()));
    let percent = files.map(|files| {
        let (covered, total) = lcov::sum(files);
        format!("{:.1} %", lcov::percent(covered, total))
    });
    html! {
        dl.tiles {
            (tile("divergences", &record.findings.len().to_string(), !record.findings.is_empty()))
            (tile("corpora that lost something", &match (lost.len(), whole.len()) {
                (0, 0) => "none minimised".to_owned(),
                (lost, _) => lost.to_string(),
            }, !lost.is_empty()))
            (tile("targets", &record.targets.len().to_string(), false))
            (tile("executions", &HumanCount(executions).to_string(), false))
            (tile("of our lines covered", percent.as_deref().unwrap_or("not measured"), false))
        }
    }
}

/// A figure and what it is of; one that is bad is loud.
fn tile(what: &str, figure: &str, is_bad: bool) -> Markup {
    html! { div.bad[is_bad] { dt { (what) } dd { (figure) } } }
}
