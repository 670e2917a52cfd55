//! The table that ends a fuzzing run, and what to do about divergences.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use put_user_page_targets::backends::Way;
use put_user_page_targets::harness::candidate_argument;
use put_user_page_targets::registry::{Check, Target};

use super::Run;
use super::libfuzzer::Log;
use crate::error::{DIVERGENCE, Stop, error};
use crate::output::{command_line, count, headline};
use crate::table::{self, Align};

const COLUMNS: [&str; 6] =
    ["target", "executions", "executions/s", "coverage", "corpus size", "divergences"];

/// Writes the table, and for each divergence the target's report and the command that
/// shows it. A run that failed without one is an error.
pub(super) fn write(out: &mut dyn Write, runs: &[Run], root: &Path) -> Result<ExitCode, Stop> {
    let mut rows = vec![COLUMNS.map(str::to_owned).to_vec()];
    rows.extend(runs.iter().map(row));
    let aligns = [Align::Left].into_iter().chain([Align::Right; COLUMNS.len() - 1]);
    for (number, line) in table::lines(&rows, &aligns.collect::<Vec<_>>()).into_iter().enumerate() {
        writeln!(out, "{}", if number == 0 { headline(&line) } else { line })?;
    }
    let diverging = runs.iter().filter(|run| !run.log.artifacts.is_empty());
    for run in diverging.clone() {
        write_divergence(out, run, root)?;
    }
    let broken = runs.iter().find(|run| !run.succeeded && run.log.artifacts.is_empty());
    if let Some(Run { target, log, .. }) = broken {
        out.flush()?;
        eprintln!("{}", log.last_lines.join("\n"));
        let message = format!("`cargo fuzz run {}` failed, and not by a divergence", target.name);
        return Err(error(message, "its last lines are above"));
    }
    Ok(ExitCode::from(if diverging.count() > 0 { DIVERGENCE } else { 0 }))
}

fn row(run: &Run) -> Vec<String> {
    let Log { executions, per_second, coverage, corpus, artifacts, .. } = &run.log;
    let numbers = [*executions, *per_second, *coverage, *corpus, artifacts.len() as u64];
    let numbers = numbers.iter().map(u64::to_string);
    std::iter::once(run.target.name.to_owned()).chain(numbers).collect()
}

fn write_divergence(out: &mut dyn Write, run: &Run, root: &Path) -> std::io::Result<()> {
    let Run { target, log, .. } = run;
    writeln!(out)?;
    let artifacts = count(log.artifacts.len(), "divergence");
    writeln!(out, "{}", headline(&format!("{}: {artifacts}", target.name)))?;
    // The command that the target prints is the one below, where it is the only artifact.
    let report = log.report.iter().filter(|line| !line.trim_start().starts_with("reproduce: "));
    let report: Vec<&str> = report.map(String::as_str).collect();
    if !report.is_empty() {
        writeln!(out)?;
        writeln!(out, "{}", report.join("\n").trim_end())?;
    }
    for artifact in &log.artifacts {
        let shown = artifact.strip_prefix(root).unwrap_or(artifact).display().to_string();
        let mut words = ["explain", "--target", target.name].map(str::to_owned).to_vec();
        for backend in backends_of(target) {
            words.extend(["--backend".to_owned(), backend]);
        }
        words.push(shown);
        writeln!(out)?;
        writeln!(out, "show it with: {}", command_line(&words))?;
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
