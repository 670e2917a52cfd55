//! What became of the corpora. What was lost is loud.

use indicatif::{HumanBytes, HumanCount};
use maud::{Markup, html};
use pagediff_terminal::output::count;
use pagediff_terminal::table::Align::{Left, Right};

use super::parts::{head, nothing, scrolling};
use crate::record::{CorpusRecord, CorpusSize, KeptRecord, TargetRecord};

pub(super) fn section(targets: &[TargetRecord]) -> Markup {
    let corpora: Vec<(&str, &CorpusRecord)> = targets
        .iter()
        .filter_map(|target| Some((target.name.as_str(), target.corpus.as_ref()?)))
        .collect();
    if corpora.is_empty() {
        return nothing("No corpus was merged and minimised.");
    }
    let all_kept = corpora
        .iter()
        .flat_map(|&(target, corpus)| corpus.kept.iter().map(move |kept| (target, kept)));
    let losses: Vec<_> = all_kept.filter(|(_, kept)| kept.is_lost()).collect();
    html! {
        @if !losses.is_empty() {
            div.alarm role="alert" {
                strong { "Minimising lost something" }
                ul {
                    @for (target, kept) in &losses {
                        li { code { (target) } ": " (kept.what) ", " (change(kept)) }
                    }
                }
            }
        }
        (scrolling("Sizes of corpora", sizes(&corpora)))
        details open[!losses.is_empty()] {
            summary { "What minimising kept" }
            (scrolling("What minimising kept", kept(&corpora)))
        }
    }
}

/// From the most that it was to what is left.
fn change(kept: &KeptRecord) -> String {
    let most = kept.before.max(kept.merged);
    format!("{} → {}", HumanCount(most), HumanCount(kept.after))
}

fn sizes(corpora: &[(&str, &CorpusRecord)]) -> Markup {
    html! {
        table.stacks {
            (head(&[
                ("corpus", Left), ("before", Right), ("merged", Right), ("minimised", Right),
                ("kept", Left),
            ]))
            tbody {
                @for (target, corpus) in corpora {
                    tr {
                        th scope="row" { code { (target) } }
                        (size("before", corpus.before))
                        (size("merged", corpus.merged))
                        (size("minimised", corpus.after))
                        (verdict(&corpus.kept))
                    }
                }
            }
        }
    }
}

fn size(label: &str, size: CorpusSize) -> Markup {
    html! {
        td.number data-label=(label) {
            (HumanCount(size.inputs)) " " small { (HumanBytes(size.bytes)) }
        }
    }
}

/// Whether minimising kept all.
fn verdict(kept: &[KeptRecord]) -> Markup {
    let lost = kept.iter().filter(|kept| kept.is_lost()).count();
    match lost {
        _ if kept.is_empty() => html! { td data-label="kept" { "not measured" } },
        0 => html! { td data-label="kept" { "all of " (count(kept.len(), "kind")) } },
        _ => html! { td.lost data-label="kept" { "not all of " (count(lost, "kind")) } },
    }
}

fn kept(corpora: &[(&str, &CorpusRecord)]) -> Markup {
    html! {
        table {
            (head(&[
                ("reached by the corpus", Left), ("before", Right), ("merged", Right),
                ("minimised", Right), ("", Left),
            ]))
            @for (target, corpus) in corpora {
                tbody {
                    tr { th.group colspan="5" scope="rowgroup" { code { (target) } } }
                    @for kept in &corpus.kept { tr {
                        th scope="row" { (kept.what) }
                        @for reached in [kept.before, kept.merged, kept.after] {
                            td.number { (HumanCount(reached)) }
                        }
                        @if kept.is_lost() { td.lost { "LOST" } } @else { td { "kept" } }
                    } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::section;
    use crate::record::{CorpusRecord, KeptRecord, TargetRecord};

    fn minimised(after: u64) -> String {
        let what = "named states".to_owned();
        let kept = vec![KeptRecord { what, before: 40, merged: 1042, after }];
        let corpus = Some(CorpusRecord { kept, ..CorpusRecord::default() });
        let name = "program".to_owned();
        section(&[TargetRecord { name, corpus, ..TargetRecord::default() }]).into_string()
    }

    #[test]
    fn a_loss_is_loud() {
        let page = minimised(1041);
        assert!(page.contains(r#"role="alert""#), "{page}");
        assert!(page.contains("named states, 1,042 → 1,041"), "{page}");
        assert!(page.contains("<details open>"), "{page}");
        assert!(page.contains("LOST"), "{page}");
    }

    #[test]
    fn without_a_loss_there_is_no_alarm() {
        let page = minimised(1042);
        assert!(page.contains("all of 1 kind"), "{page}");
        assert!(!page.contains("alert") && !page.contains("LOST"), "{page}");
    }

    #[test]
    fn no_corpus_is_said() {
        assert!(section(&[]).into_string().contains("No corpus was merged"));
    }
}
