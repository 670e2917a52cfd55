//! What was found, for the record.

use std::path::Path;

use pagediff_terminal::error::{Stop, file_error};
use put_user_page_targets::registry::Target;

use crate::again::{on_input, text};
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
            let mut record = described(root, run.pair.target, crash, signature)?;
            record.text = run.last_lines.join("\n");
            records.push(record);
        }
    }
    Ok(records)
}

fn divergence(root: &Path, target: &Target, file: &Path) -> Result<FindingRecord, Stop> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let signature = name.strip_prefix("divergence-").unwrap_or(&name).to_owned();
    let mut record = described(root, target, file, signature)?;
    let shown = |command: &[&str]| text(root, &on_input(command, target, &record.file));
    let json = shown(&["replay", "--json"]);
    let (report, drawing) = (shown(&["replay"]), shown(&["explain"]));
    record.report = serde_json::from_str(&json).unwrap_or(serde_json::Value::Null);
    record.text = report;
    record.drawing = drawing;
    Ok(record)
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
