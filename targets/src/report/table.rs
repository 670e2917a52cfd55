//! A report as aligned text.

use super::{Paint, Report, SubjectReport};

/// Subjects that are shown in full.
const SHOWN: usize = 6;

/// Lines of a log that are shown, from the first that tells what is wrong.
const LOG_SHOWN: usize = 30;

/// What such a line has in it.
const TELLING: [&str; 9] = [
    "BUG:",
    "kernel BUG at",
    "WARNING:",
    "Oops",
    "general protection fault",
    "UBSAN:",
    "Kernel panic",
    "ERROR: AddressSanitizer",
    "runtime error:",
];

pub(super) fn render(report: &Report, paint: &Paint) -> String {
    let mut lines = Vec::new();
    let Paint { strong, end, .. } = paint;
    let backend = &report.backend;
    lines.push(match &report.call {
        Some(call) => {
            format!("{strong}{}(): {backend} differs from reference{end}", call.function.name())
        }
        None => format!("{strong}{backend} differs from reference{end}"),
    });
    lines.push(String::new());
    if let Some(call) = &report.call {
        let array = call.array.map_or_else(String::new, |array| format!(" of array {array}"));
        let entries = match (call.errno, call.entries) {
            (Some(errno), _) => format!("-{errno} entries"),
            (None, 1) => "1 entry".to_owned(),
            (None, entries) => format!("{entries} entries"),
        };
        lines.push(format!(
            "  call {}   {} on {entries}{array}",
            call.number,
            call.function.name()
        ));
    }
    for subject in report.subjects.iter().take(SHOWN) {
        push_subject(&mut lines, subject, backend, paint);
    }
    if let Some(more) = report.subjects.len().checked_sub(SHOWN + 1) {
        lines.push(format!("  and {} more", more + 1));
        lines.push(String::new());
    }
    if !report.not_compared.is_empty() {
        let parts = report.not_compared.join(", ");
        lines.push(format!("  not compared, for {backend} cannot tell: {parts}"));
        lines.push(String::new());
    }
    if !report.log.is_empty() {
        let log: Vec<&str> = report.log.lines().collect();
        let telling = |line: &&str| TELLING.iter().any(|word| line.contains(word));
        let start = log.iter().position(telling).unwrap_or(log.len().saturating_sub(LOG_SHOWN));
        let shown = log[start..].iter().take(LOG_SHOWN);
        lines.push("  from its log:".to_owned());
        lines.extend(shown.map(|line| format!("    {}", line.trim_end())));
        lines.push(String::new());
    }
    if !report.case.is_empty() {
        lines.push("  the case:".to_owned());
        lines.extend(report.case.lines().map(|line| format!("    {line}")));
    }
    if let Some(command) = &report.reproduce {
        lines.push(String::new());
        lines.push(format!("  reproduce: {strong}{command}{end}"));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn push_subject(lines: &mut Vec<String>, subject: &SubjectReport, backend: &str, paint: &Paint) {
    let named_by =
        subject.named_by.as_ref().map_or_else(String::new, |by| format!(", named by {by}"));
    lines.push(format!("  {}{named_by}", subject.subject));
    lines.push(String::new());
    let has_before = subject.fields.iter().any(|field| field.before.is_some());
    let row = |name, before, reference, backend| -> Vec<&str> {
        let before = has_before.then_some(before);
        [Some(name), before, Some(reference), Some(backend)].into_iter().flatten().collect()
    };
    let mut rows = vec![row("", "before", "reference", backend)];
    rows.extend(subject.fields.iter().map(|field| {
        let before = field.before.as_deref().unwrap_or_default();
        row(&field.field, before, &field.reference, &field.backend)
    }));
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|column| rows.iter().map(|row| width(row[column])).max().unwrap_or(0))
        .collect();
    let line_width = INDENT.len() + widths.iter().map(|width| width + GAP.len()).sum::<usize>();
    if line_width > MAX_WIDTH {
        push_under_each_other(lines, &rows, paint);
    } else {
        push_side_by_side(lines, &rows, &widths, paint);
    }
    lines.push(String::new());
}

/// A line a field: what it is for the reference and for the backend, in columns.
fn push_side_by_side(lines: &mut Vec<String>, rows: &[Vec<&str>], widths: &[usize], paint: &Paint) {
    for (number, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, &wide))| {
            let padding = " ".repeat(wide - width(cell));
            match colour(paint, row.len() - column) {
                Some(colour) if number > 0 => format!("{colour}{cell}{}{padding}", paint.end),
                _ => format!("{cell}{padding}"),
            }
        });
        let line = cells.collect::<Vec<_>>().join(GAP);
        lines.push(format!("{INDENT}{}", line.trim_end()));
    }
}

/// A block a field, for values that are too long for columns.
fn push_under_each_other(lines: &mut Vec<String>, rows: &[Vec<&str>], paint: &Paint) {
    let (header, fields) = rows.split_first().expect("the header is a row");
    let wide = header.iter().map(|name| width(name)).max().unwrap_or(0);
    for field in fields {
        lines.push(format!("{INDENT}{}", field[0]));
        for column in 1..field.len() {
            let (name, value) = (header[column], field[column]);
            let padding = " ".repeat(wide - width(name));
            let colour = colour(paint, field.len() - column);
            let (start, end) = colour.map_or(("", ""), |colour| (colour, paint.end.as_str()));
            lines.push(format!("{INDENT}  {name}{padding}{GAP}{start}{value}{end}"));
        }
    }
}

const INDENT: &str = "    ";
const GAP: &str = "   ";
const MAX_WIDTH: usize = 100;

fn width(text: &str) -> usize {
    text.chars().count()
}

/// The colour of a column, by its place from the right: 1 is the backend, 2 the reference.
fn colour(paint: &Paint, from_the_right: usize) -> Option<&str> {
    match from_the_right {
        1 => Some(&paint.differs),
        2 => Some(&paint.expected),
        _ => None,
    }
}
