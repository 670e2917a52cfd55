//! The values of JSON output, and those that docs/explain-json.md names.

use std::collections::BTreeSet;

use serde_json::Value;

use super::repository;

/// The values that a section's tables name.
pub fn documented(section: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(repository().join("docs/explain-json.md")).unwrap();
    let sections = text.split("\n## ").skip(1);
    let section = sections.into_iter().find(|text| text.starts_with(section)).unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap().to_owned()).collect()
}

/// The paths of all values that are not null, in the notation of the document.
pub fn paths(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Null => {}
        Value::Array(items) => {
            items.iter().for_each(|item| paths(item, &format!("{path}[]"), found))
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                // Reasons are data, and reports are documented once.
                match name.as_str() {
                    _ if path == "backends[].skipped" => paths(field, &format!("{path}.*"), found),
                    "report" if path == "divergences[]" || path == "findings[]" => {}
                    _ => paths(field, &format!("{path}{dot}{name}"), found),
                }
            }
        }
        _ => {
            found.insert(path.to_owned());
        }
    }
}
