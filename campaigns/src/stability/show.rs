//! What was compared, as a table, and what differs, line by line.

use std::collections::BTreeSet;
use std::io::Write;

use pagediff_terminal::output::count;
use pagediff_terminal::table::{self, Align};

use super::Item;
use super::compare::{Difference, Outcome};

/// Writes how many inputs differ where, and each difference.
pub(super) fn write(out: &mut dyn Write, items: &[Item]) -> std::io::Result<()> {
    let settings = items.first().into_iter().flat_map(|item| &item.differing);
    let settings = settings.map(|differing| differing.setting);
    let columns = ["target", "inputs", "runs"].into_iter().chain(settings).map(str::to_owned);
    let mut rows = vec![columns.collect::<Vec<_>>()];
    rows.extend(items.iter().map(|item| {
        let differing = item.differing.iter().map(|differing| differing.inputs);
        let numbers = [item.inputs, item.runs].into_iter().chain(differing);
        std::iter::once(item.target.to_owned()).chain(numbers.map(|n| n.to_string())).collect()
    }));
    let mut aligns = vec![Align::Right; rows[0].len()];
    aligns[0] = Align::Left;
    table::write(out, &rows, &aligns)?;
    for difference in items.iter().flat_map(|item| &item.differences) {
        writeln!(out, "{}", line(difference))?;
    }
    match items.iter().map(|item| item.differences.len()).sum() {
        0 => writeln!(out, "no differences"),
        differing => writeln!(out, "{}", count(differing, "difference")),
    }
}

/// `corpus/program/1: libfuzzer, reversed: 3 features differ`
fn line(difference: &Difference) -> String {
    let Difference { file, target, setting, engine, features, of, outcome } = difference;
    let what = file.clone().unwrap_or_else(|| format!("all inputs of {target}"));
    let mut differs = Vec::new();
    if *features > 0 {
        differs.push(format!("{features} {of} differ"));
    }
    if let Some(Outcome { first, here }) = outcome {
        differs.push(format!("{}, but at first {}", diverges(here), diverges(first)));
    }
    format!("{what}: {engine}, {setting}: {}", differs.join("; "))
}

fn diverges(signatures: &BTreeSet<String>) -> String {
    if signatures.is_empty() {
        return "does not diverge".to_owned();
    }
    let signatures: Vec<&str> = signatures.iter().map(String::as_str).collect();
    format!("diverges as {}", signatures.join(", "))
}
