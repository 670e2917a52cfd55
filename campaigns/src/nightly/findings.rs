//! What was found, for the record.

use std::path::Path;

use pagediff_terminal::error::{Stop, file_error};
use put_user_page_targets::registry::Target;

use crate::again::{on_input, text};
use crate::corpus::signature_of;
use crate::fuzz::Fuzzed;
use crate::record::FindingRecord;

/// A record for each distinct divergence, and for each input that crashes.
pub(super) fn records(root: &Path, fuzzed: &Fuzzed) -> Result<Vec<FindingRecord>, Stop> {
    let mut records = Vec::new();
    for (target, files) in &fuzzed.findings {
        for file in files {
            records.push(divergence(root, target, file)?);
        }
    }
    for run in &fuzzed.runs {
        for crash in &run.crashes {
            let signature = format!("a crash or a hang, by {}", run.pair.engine.name());
            let record = described(root, run.pair.target, crash, signature)?;
            records.push(FindingRecord { text: run.last_lines.join("\n"), ..record });
        }
    }
    Ok(records)
}

fn divergence(root: &Path, target: &Target, file: &Path) -> Result<FindingRecord, Stop> {
    let signature = signature_of(file).unwrap_or_default().to_owned();
    let record = described(root, target, file, signature)?;
    let shown = |command: &[&str]| text(root, &on_input(command, target, &record.file));
    let (mut text, drawing) = (shown(&["replay"]), shown(&["explain"]));
    let json = shown(&["replay", "--json"]);
    let report = serde_json::from_str(&json).unwrap_or_else(|why| {
        // It is found all the same, and the page says what it lacks.
        text.push_str(&format!("\nno report for programs, for it is no JSON ({why}): {json}\n"));
        serde_json::Value::Null
    });
    Ok(FindingRecord { report, text, drawing, ..record })
}

/// A record without a report.
fn described(
    root: &Path,
    target: &Target,
    file: &Path,
    signature: String,
) -> Result<FindingRecord, Stop> {
    let size = file.metadata().map_err(|why| file_error(file, "read", &why))?.len();
    Ok(FindingRecord {
        target: target.name.to_owned(),
        signature,
        file: file.strip_prefix(root).unwrap_or(file).display().to_string(),
        size,
        ..FindingRecord::default()
    })
}
