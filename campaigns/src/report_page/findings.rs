//! What diverged. All of it comes from inputs that nobody has looked at.

use indicatif::HumanBytes;
use maud::{Markup, html};
use pagediff_terminal::output::quoted;

use super::parts::nothing;
use crate::record::FindingRecord;

/// Divergences that are shown unfolded.
const UNFOLDED: usize = 2;

pub(super) fn section(findings: &[FindingRecord]) -> Markup {
    if findings.is_empty() {
        return nothing("Nothing diverged.");
    }
    html! {
        p { "Each distinct divergence once, by its smallest example." }
        @for (number, finding) in findings.iter().enumerate() {
            details.finding open[number < UNFOLDED] {
                summary { code { (finding.signature) } " " small { "by " (finding.target) } }
                (body(finding))
            }
        }
    }
}

fn body(finding: &FindingRecord) -> Markup {
    let FindingRecord { file, size, signature, text, drawing, .. } = finding;
    html! {
        p.example { "Example: " code { (file) } ", " (HumanBytes(*size)) }
        h3 { "What differs" }
        (text_box(&format!("Report of {signature}"), text, "There is no report of it."))
        h3 { "Its world" }
        (text_box(&format!("World of {signature}"), drawing, "There is no drawing of it."))
        h3 { "Look at it, and make it smaller" }
        pre.wraps { (commands(finding)) }
    }
}

fn text_box(what: &str, text: &str, none: &str) -> Markup {
    let text = text.trim_matches('\n');
    if text.is_empty() {
        return nothing(none);
    }
    html! { pre tabindex="0" role="region" aria-label=(what) { (text) } }
}

/// What to paste into a shell, in the repository.
fn commands(finding: &FindingRecord) -> String {
    let line = |verb: &str| {
        let (target, file) = (quoted(&finding.target), quoted(&finding.file));
        format!("cargo run --release -- {verb} --target {target} {file}")
    };
    [line("explain"), line("minimize")].join("\n")
}

#[cfg(test)]
mod tests {
    use super::{commands, section};
    use crate::record::FindingRecord;

    fn finding(signature: &str) -> FindingRecord {
        FindingRecord {
            target: "program".to_owned(),
            signature: signature.to_owned(),
            file: format!("fuzz/artifacts/program/divergence-{signature}"),
            text: format!("{signature} & </pre>"),
            ..FindingRecord::default()
        }
    }

    #[test]
    fn what_inputs_say_is_no_html() {
        let page = section(&[finding("<script>alert('\"&')</script>")]).into_string();
        assert!(!page.contains("<script") && !page.contains("</script"), "{page}");
        assert!(page.contains("&lt;script&gt;alert"), "{page}");
        assert_eq!(page.matches("</pre>").count(), page.matches("<pre").count(), "{page}");
        assert!(page.contains("&amp; &lt;/pre&gt;"), "{page}");
    }

    #[test]
    fn commands_can_be_pasted() {
        assert_eq!(
            commands(&finding("a; rm b")),
            "cargo run --release -- explain --target program \
             'fuzz/artifacts/program/divergence-a; rm b'\n\
             cargo run --release -- minimize --target program \
             'fuzz/artifacts/program/divergence-a; rm b'"
        );
    }

    #[test]
    fn nothing_is_said() {
        assert!(section(&[]).into_string().contains("Nothing diverged"));
    }
}
