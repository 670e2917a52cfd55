//! The table that ends a fuzzing run, and what to do about divergences.

use std::io::Write;
use std::path::{Path, PathBuf};

use pagediff_terminal::error::Stop;
use pagediff_terminal::output::{command_line, count, headline};
use pagediff_terminal::table::{self, Align};
use put_user_page_targets::registry::Target;

use super::figures::Figures;
use super::{Fuzzed, PairRun};
use crate::again::{on_input, text};

/// How many findings of a target are shown with their reports.
const MOST_REPORTS: usize = 5;

/// Writes the table, and for each finding its report and the command that shows it.
pub(super) fn write(out: &mut dyn Write, fuzzed: &Fuzzed, root: &Path) -> Result<(), Stop> {
    write_table(out, fuzzed)?;
    for (target, findings) in fuzzed.findings.iter().filter(|(_, found)| !found.is_empty()) {
        write_findings(out, target, findings, root)?;
    }
    for run in fuzzed.runs.iter().filter(|run| !run.crashes.is_empty()) {
        write_crashes(out, run, root)?;
    }
    fuzzed.check_engines(out)?;
    if !fuzzed.found_something() {
        writeln!(out, "no divergences")?;
    }
    Ok(())
}

/// Writes what each engine did as a table.
pub(crate) fn write_table(out: &mut dyn Write, fuzzed: &Fuzzed) -> std::io::Result<()> {
    let columns =
        ["target", "engine", "executions", "executions/s", "coverage", "corpus size", "crashes"];
    let mut rows = vec![columns.map(str::to_owned).to_vec()];
    rows.extend(fuzzed.runs.iter().map(row));
    table::write(out, &rows, &[&[Align::Left; 2][..], &[Align::Right; 5]].concat())
}

fn row(run: &PairRun) -> Vec<String> {
    let Figures { executions, per_second, coverage, corpus } = run.figures;
    let numbers = [executions, per_second, coverage, corpus, run.crashes.len() as u64];
    let names = [run.pair.target.name, run.pair.engine.name()].map(str::to_owned);
    names.into_iter().chain(numbers.iter().map(u64::to_string)).collect()
}

fn write_findings(
    out: &mut dyn Write,
    target: &Target,
    findings: &[PathBuf],
    root: &Path,
) -> std::io::Result<()> {
    let divergences = count(findings.len(), "distinct divergence");
    writeln!(out, "\n{}", headline(&format!("{}: {divergences}", target.name)))?;
    for (number, finding) in findings.iter().enumerate() {
        let shown = finding.strip_prefix(root).unwrap_or(finding).display().to_string();
        if number < MOST_REPORTS {
            let report = text(root, &on_input(&["replay"], target, &shown));
            writeln!(out, "\n{}", report.trim_end())?;
        }
        let explain = command_line(&on_input(&["explain"], target, &shown));
        writeln!(out, "\nshow it with: {explain}")?;
    }
    Ok(())
}

fn write_crashes(out: &mut dyn Write, run: &PairRun, root: &Path) -> std::io::Result<()> {
    let crashes = count(run.crashes.len(), "crashing input");
    let name = run.pair.target.name;
    writeln!(out, "\n{}", headline(&format!("{name}: {crashes}, by {}", run.pair.engine.name())))?;
    writeln!(out, "\n{}", run.last_lines.join("\n").trim_end())?;
    for crash in &run.crashes {
        let shown = crash.strip_prefix(root).unwrap_or(crash).display();
        writeln!(out, "\nshow it with: cargo fuzz run {name} {shown}")?;
    }
    Ok(())
}
