//! The summary in Markdown, for places that show no page of ours: GitHub's, say.

use std::fmt::{self, Write};

use super::summary::{TITLE, figures, left_out, when};
use crate::lcov::FileLines;
use crate::record::Record;

/// The summary of a record, and of line coverage if it was measured.
pub(super) fn summary(record: &Record, files: Option<&[FileLines]>) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_summary(&mut text, record, files);
    text
}

fn write_summary(text: &mut String, record: &Record, files: Option<&[FileLines]>) -> fmt::Result {
    writeln!(text, "# {}\n\n{}\n", escaped(TITLE), when(record))?;
    writeln!(text, "| what | figure |\n|---|---:|")?;
    for figure in figures(record, files) {
        writeln!(text, "| {} | {} |", figure.what, figure.figure)?;
    }
    if !record.left_out.is_empty() {
        writeln!(text, "\n## Left out\n")?;
        for &part in &record.left_out {
            writeln!(text, "- {}", left_out(part))?;
        }
    }
    if !record.findings.is_empty() {
        writeln!(text, "\n## Divergences\n")?;
        for finding in &record.findings {
            let [signature, target, file] =
                [&finding.signature, &finding.target, &finding.file].map(|part| code(part));
            writeln!(text, "- {signature}, by {target}: {file}")?;
        }
    }
    Ok(())
}

/// Text with nothing that Markdown would take for its own.
fn escaped(text: &str) -> String {
    text.replace('*', "\\*").replace('_', "\\_")
}

/// Text as code, whatever is in it: on one line, and without what ends code.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace(char::is_control, " "))
}

#[cfg(test)]
mod tests {
    use super::summary;
    use crate::record::{FindingRecord, LeftOut, Record};

    #[test]
    fn what_was_left_out_is_said() {
        let with = |left_out| summary(&Record { left_out, ..Record::default() }, None);
        assert!(!with(vec![]).contains("Left out"));
        let text = with(vec![LeftOut::Kernel, LeftOut::LineCoverage]);
        assert!(text.contains("\n## Left out\n\n- The kernel, which is not set up here"), "{text}");
        assert!(text.contains("\n- Line coverage, which could not be measured"), "{text}");
    }

    #[test]
    fn what_inputs_say_stays_code() {
        let signature = "a`\n# <script>".to_owned();
        let findings = vec![FindingRecord { signature, ..FindingRecord::default() }];
        let text = summary(&Record { findings, ..Record::default() }, None);
        assert!(text.contains("\n- `a' # <script>`, by ``"), "{text}");
        assert!(text.contains("| divergences | 1 |"), "{text}");
    }
}
