//! What each part of the night took.

use maud::{Markup, html};
use pagediff_terminal::table::Align::{Left, Right};

use super::parts::{head, nothing, scrolling};
use crate::record::CostRecord;

pub(super) fn section(costs: &[CostRecord]) -> Markup {
    if costs.is_empty() {
        return nothing("It was not measured.");
    }
    let table = html! {
        table.stacks {
            (head(&[("part", Left), ("minutes", Right), ("at most", Right)]))
            tbody {
                @for cost in costs {
                    tr {
                        th scope="row" {
                            (cost.part)
                            @if let Some(why) = &cost.failed { " " strong { "failed" } pre { (why) } }
                        }
                        td.number.bad[cost.is_over()] data-label="minutes" {
                            (format!("{:.1}", cost.seconds / 60.0))
                            @if cost.is_over() { " " strong { "too long" } }
                        }
                        td.number data-label="at most" { (cost.most_minutes) }
                    }
                }
            }
        }
    };
    scrolling("What each part took", table)
}

#[cfg(test)]
mod tests {
    use super::section;
    use crate::record::CostRecord;

    #[test]
    fn what_took_too_long_is_loud() {
        let cost = |seconds| {
            let part = "replay".to_owned();
            section(&[CostRecord { part, seconds, most_minutes: 2, failed: None }]).into_string()
        };
        assert!(!cost(120.0).contains("too long"));
        assert!(cost(126.0).contains("2.1") && cost(126.0).contains("too long"));
        assert!(section(&[]).into_string().contains("not measured"));
    }

    #[test]
    fn what_failed_says_why() {
        let failed = Some("there is no kernel".to_owned());
        let page = section(&[CostRecord { failed, ..CostRecord::default() }]).into_string();
        assert!(page.contains("failed") && page.contains("there is no kernel"));
    }
}
