//! The table that ends a fuzzing run, and what to do about divergences.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use put_user_page_targets::backends::Way;
use put_user_page_targets::harness::candidate_argument;
use put_user_page_targets::registry::{Check, Target};

use super::figures::Figures;
use super::{Fuzzed, Run};
use crate::error::{Stop, error};
use crate::output::{command_line, count, headline};
use crate::table::{self, Align};

const COLUMNS: [&str; 7] =
    ["target", "engine", "executions", "executions/s", "coverage", "corpus size", "crashes"];

/// How many findings of a target are shown with their reports.
const MOST_REPORTS: usize = 5;

/// Writes the table, and for each finding its report and the command that shows it.
pub(super) fn write(out: &mut dyn Write, fuzzed: &Fuzzed, root: &Path) -> Result<(), Stop> {
    write_table(out, fuzzed)?;
    for (target, findings) in &fuzzed.findings {
        if !findings.is_empty() {
            write_findings(out, target, findings, root)?;
        }
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

/// Writes what each engine did.
pub(super) fn write_table(out: &mut dyn Write, fuzzed: &Fuzzed) -> Result<(), Stop> {
    let mut rows = vec![COLUMNS.map(str::to_owned).to_vec()];
    rows.extend(fuzzed.runs.iter().map(row));
    let aligns = [Align::Left; 2].into_iter().chain([Align::Right; COLUMNS.len() - 2]);
    for (number, line) in table::lines(&rows, &aligns.collect::<Vec<_>>()).into_iter().enumerate() {
        writeln!(out, "{}", if number == 0 { headline(&line) } else { line })?;
    }
    Ok(())
}

fn row(run: &Run) -> Vec<String> {
    let Figures { executions, per_second, coverage, corpus } = run.figures;
    let numbers = [executions, per_second, coverage, corpus, run.crashes.len() as u64];
    let names = [run.job.target.name, run.job.engine.name()].map(str::to_owned);
    names.into_iter().chain(numbers.iter().map(u64::to_string)).collect()
}

fn write_findings(
    out: &mut dyn Write,
    target: &Target,
    findings: &[PathBuf],
    root: &Path,
) -> Result<(), Stop> {
    writeln!(out)?;
    let divergences = count(findings.len(), "distinct divergence");
    writeln!(out, "{}", headline(&format!("{}: {divergences}", target.name)))?;
    for (number, finding) in findings.iter().enumerate() {
        if number < MOST_REPORTS {
            writeln!(out)?;
            writeln!(out, "{}", report(target, finding)?.trim_end())?;
        }
        let shown = finding.strip_prefix(root).unwrap_or(finding).display().to_string();
        writeln!(out)?;
        writeln!(out, "show it with: {}", command_line(&words("explain", target, shown)))?;
    }
    Ok(())
}

/// What replaying an input prints, by a process of its own: some crash.
fn report(target: &Target, finding: &Path) -> Result<String, Stop> {
    let program = std::env::current_exe()
        .map_err(|why| error(format!("this program is gone: {why}"), "build it again"))?;
    let words = words("replay", target, finding.display().to_string());
    let output = Command::new(program).args(words).output();
    let output = output.map_err(|why| {
        error(format!("this program does not start again: {why}"), "run it again")
    })?;
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The arguments of a command of this program on an input of a target.
fn words(command: &str, target: &Target, file: String) -> Vec<String> {
    let mut words = [command, "--target", target.name].map(str::to_owned).to_vec();
    for backend in backends_of(target) {
        words.extend(["--backend".to_owned(), backend]);
    }
    words.push(file);
    words
}

fn write_crashes(out: &mut dyn Write, run: &Run, root: &Path) -> std::io::Result<()> {
    writeln!(out)?;
    let crashes = count(run.crashes.len(), "crashing input");
    let name = run.job.target.name;
    writeln!(out, "{}", headline(&format!("{name}: {crashes}, by {}", run.job.engine.name())))?;
    writeln!(out)?;
    writeln!(out, "{}", run.last_lines.join("\n").trim_end())?;
    for crash in &run.crashes {
        let shown = crash.strip_prefix(root).unwrap_or(crash).display();
        writeln!(out)?;
        writeln!(out, "show it with: cargo fuzz run {name} {shown}")?;
    }
    Ok(())
}

/// The backends to name, where the target does not run the usual ones.
fn backends_of(target: &Target) -> Vec<String> {
    match target.check {
        Check::Candidate => candidate_argument().into_iter().collect(),
        Check::Kernel => Way::ALL.map(|way| way.name().to_owned()).to_vec(),
        Check::OneFunction(_) | Check::Program | Check::Decode => Vec::new(),
    }
}
