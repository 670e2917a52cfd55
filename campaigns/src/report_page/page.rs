//! The page: its frame, its summary, and its sections.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::summary::{self, Figure, TITLE, figures, when};
use super::{bank, corpora, costs, engines, findings, lines};
use crate::lcov::FileLines;
use crate::record::{LeftOut, Record};

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
        ("bank", "Bug bank", bank::section(record.bank.as_ref())),
        ("lines", "Line coverage", lines::section(files)),
        ("costs", "What it took", costs::section(&record.costs)),
    ];
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (TITLE) }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                header {
                    h1 { (TITLE) }
                    p { (when(record)) }
                    dl.tiles { @for figure in &figures(record, files) { (tile(figure)) } }
                    (left_out(&record.left_out))
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

/// What is not on the page, and looks as if all were well.
fn left_out(parts: &[LeftOut]) -> Markup {
    html! {
        @if !parts.is_empty() {
            div.alarm role="alert" {
                strong { "Left out" }
                ul { @for &part in parts { li { (summary::left_out(part)) } } }
            }
        }
    }
}

/// A figure and what it is of; one that is bad is loud.
fn tile(Figure { what, figure, is_bad }: &Figure) -> Markup {
    html! { div.bad[*is_bad] { dt { (what) } dd { (figure) } } }
}
