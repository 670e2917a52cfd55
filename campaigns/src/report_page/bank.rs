//! What was found of the bug bank.

use maud::{Markup, html};
use pagediff_terminal::table::Align::{Left, Right};

use super::parts::{head, nothing, scrolling};
use crate::bugs::{BankRecord, Summary, survival};

pub(super) fn section(bank: Option<&BankRecord>) -> Markup {
    let Some(bank) = bank else { return nothing("The bank was not looked at.") };
    let BankRecord { bugs, not_found, seconds, finders } = bank;
    html! {
        @if !not_found.is_empty() {
            div.alarm role="alert" {
                strong { "The committed corpus does not find" }
                ul { @for bug in not_found { li { code { (bug) } } } }
            }
        }
        p {
            "The committed corpus finds " (bugs - not_found.len()) " of " (bugs) " bugs, in "
            (format!("{seconds:.2}")) " s."
        }
        @if finders.is_empty() { (nothing("No engine has looked for them here.")) } @else {
            p { "From an empty corpus, when each last looked:" }
            (scrolling("What finds the bugs of the bank", table(finders)))
            figure {
                (survival(finders))
                figcaption { "bugs not found yet, over time" }
            }
        }
    }
}

fn table(finders: &[Summary]) -> Markup {
    html! {
        table.stacks {
            (head(&[
                ("by", Left), ("seeds", Right), ("found each time", Right), ("found ever", Right),
                ("median", Right), ("longest", Right),
            ]))
            tbody {
                @for finder in finders {
                    tr {
                        th scope="row" { code { (finder.finder) } }
                        td.number data-label="seeds" { (finder.seeds) }
                        td.number data-label="found each time" {
                            (finder.always_found) " of " (finder.bugs)
                        }
                        td.number data-label="found ever" { (finder.found_ever) }
                        td.number data-label="median" { (finder.median()) }
                        td.number data-label="longest" { (format!("{:.1} s", finder.longest)) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::section;
    use crate::bugs::{BankRecord, Summary};

    #[test]
    fn what_the_corpus_does_not_find_is_loud() {
        let not_found = vec!["never-marks".to_owned()];
        let page = section(Some(&BankRecord { bugs: 3, not_found, ..BankRecord::default() }));
        let page = page.into_string();
        assert!(page.contains("role=\"alert\"") && page.contains("never-marks"), "{page}");
        assert!(page.contains("finds 2 of 3 bugs"), "{page}");
        assert!(page.contains("No engine has looked"), "{page}");
    }

    #[test]
    fn what_an_engine_did_not_find_is_counted() {
        let finder = Summary {
            finder: "afl".to_owned(),
            seeds: 3,
            bugs: 2,
            always_found: 1,
            found_ever: 1,
            found_after: vec![Some(0.5), None],
            longest: 120.04,
        };
        let bank = BankRecord { bugs: 2, finders: vec![finder], ..BankRecord::default() };
        let page = section(Some(&bank)).into_string();
        assert!(page.contains("1 of 2") && page.contains("120.0 s"), "{page}");
        assert!(!page.contains("role=\"alert\""), "{page}");
        assert!(section(None).into_string().contains("not looked at"));
    }
}
