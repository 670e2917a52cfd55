//! Line coverage of our own code.

use std::ops::RangeInclusive;

use maud::{Markup, html};
use pagediff_terminal::output::count;
use pagediff_terminal::table::Align::{Left, Right};

use super::parts::{head, nothing, scrolling};
use crate::lcov::{self, FileLines};

/// Ranges of lines that are listed unfolded.
const UNFOLDED: usize = 6;

pub(super) fn section(files: Option<&[FileLines]>) -> Markup {
    let files = match files {
        None => return nothing("It was not measured: scripts/coverage does."),
        Some([]) => return nothing("The coverage names no file."),
        Some(files) => files,
    };
    let (covered, total) = lcov::sum(files);
    html! {
        p { "What the committed corpus runs of our own code." }
        (scrolling("Line coverage by file", html! {
            table.stacks {
                (head(&[
                    ("file", Left), ("covered", Right), ("", Left), ("lines", Right),
                    ("not covered", Left),
                ]))
                tbody {
                    tr.total { (cells("all", covered, total)) td {} }
                    @for file in files {
                        tr {
                            (cells(&file.path, file.covered(), file.total()))
                            td.ranges data-label="not covered" { (ranges(&file.uncovered())) }
                        }
                    }
                }
            }
        }))
    }
}

fn cells(name: &str, covered: usize, total: usize) -> Markup {
    let percent = lcov::percent(covered, total);
    html! {
        th scope="row" { code { (name) } }
        // Rounded down, so that only all is 100 %.
        td.number data-label="covered" { (format!("{:.1} %", (percent * 10.0).floor() / 10.0)) }
        td {
            svg.bar viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                rect.all width="100" height="10" {}
                rect.covered width=(format!("{percent:.1}")) height="10" {}
            }
        }
        td.number data-label="lines" { (covered) "/" (total) }
    }
}

fn ranges(ranges: &[RangeInclusive<u64>]) -> Markup {
    let range = |range: &RangeInclusive<u64>| match (range.start(), range.end()) {
        (first, last) if first == last => first.to_string(),
        (first, last) => format!("{first}–{last}"),
    };
    let text = ranges.iter().map(range).collect::<Vec<_>>().join(", ");
    if ranges.len() <= UNFOLDED {
        return html! { (text) };
    }
    html! { details { summary { (count(ranges.len(), "place")) } (text) } }
}

#[cfg(test)]
mod tests {
    use super::section;
    use crate::lcov::parse;

    #[test]
    fn files_have_their_share_and_what_is_not_covered() {
        let text = "SF:src/<a>.rs\nDA:1,1\nDA:2,0\nDA:3,0\nDA:4,1\nDA:9,0\nend_of_record\n";
        let page = section(Some(&parse(text).expect("lcov"))).into_string();
        assert!(page.contains("src/&lt;a&gt;.rs"), "{page}");
        assert!(page.contains("40.0 %") && page.contains("2/5"), "{page}");
        assert!(page.contains("2–3, 9"), "{page}");
    }

    #[test]
    fn what_was_not_measured_is_said() {
        assert!(section(None).into_string().contains("not measured"));
        assert!(section(Some(&[])).into_string().contains("no file"));
    }
}
