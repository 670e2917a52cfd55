//! `pagediff report`: what a stretch of fuzzing did, as a page to look at.

mod bank;
mod chart;
mod corpora;
mod costs;
mod engines;
mod findings;
mod lines;
mod markdown;
mod page;
mod parts;
mod summary;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pagediff_terminal::error::{Stop, error, file_error};
use pagediff_terminal::repository::repository;

use crate::lcov::{self, FileLines};
use crate::record::{self, Record};

/// Where the page and the summary go, unless told otherwise.
const PATH: &str = "target/nightly/report.html";
const SUMMARY_PATH: &str = "target/nightly/report.md";

/// Writes what the nightly job did as one HTML page, which needs nothing else
#[derive(clap::Args)]
pub struct Arguments {
    /// The record to show, by default target/nightly/record.json of the repository
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// The line coverage to show, by default target/coverage/lcov.info of the repository, if
    /// it is there
    #[arg(long, value_name = "LCOV")]
    coverage: Option<PathBuf>,
    /// The page, by default target/nightly/report.html of the repository
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// A summary in Markdown, by default target/nightly/report.md of the repository, beside the
    /// page that is there
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
}

/// Runs `pagediff report`, and returns its exit code.
///
/// # Errors
///
/// It cannot do what it was asked, or the output is closed.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let root = repository().unwrap_or_else(|| PathBuf::from("."));
    let record = match &arguments.record {
        Some(path) => Record::read(path)?,
        None => default_record(&root.join(record::PATH))?,
    };
    let measured = || Some(root.join(lcov::PATH)).filter(|path| path.exists());
    let coverage = arguments.coverage.clone().or_else(measured);
    let files = coverage.as_deref().map(read_lines).transpose()?;
    let files = files.as_deref();
    let page = page::page(&record, files).into_string();
    let summary = markdown::summary(&record, files);
    if arguments.output.is_none() {
        let folder = root.join(PATH).with_file_name("");
        std::fs::create_dir_all(&folder).map_err(|why| file_error(&folder, "made", &why))?;
    }
    let beside = || arguments.output.is_none().then(|| root.join(SUMMARY_PATH));
    write_file(arguments.output.clone().unwrap_or_else(|| root.join(PATH)), page, out)?;
    if let Some(path) = arguments.summary.clone().or_else(beside) {
        write_file(path, summary, out)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write_file(path: PathBuf, text: String, out: &mut dyn Write) -> Result<(), Stop> {
    std::fs::write(&path, text).map_err(|why| file_error(&path, "written", &why))?;
    writeln!(out, "wrote {}", path.display())?;
    Ok(())
}

fn default_record(path: &Path) -> Result<Record, Stop> {
    if !path.exists() {
        return Err(error(
            format!("there is no record {}", path.display()),
            "`scripts/nightly` writes one: run it, or name a file with --record",
        ));
    }
    Record::read(path)
}

fn read_lines(path: &Path) -> Result<Vec<FileLines>, Stop> {
    let text = std::fs::read_to_string(path).map_err(|why| file_error(path, "read", &why))?;
    let help = "`scripts/coverage` writes it: run it, or name another file with --coverage";
    let files = lcov::parse(&text).map_err(|line| {
        error(format!("{}, line {line}: this is not lcov's format", path.display()), help)
    })?;
    if files.is_empty() {
        return Err(error(format!("{} names no source files", path.display()), help));
    }
    Ok(files)
}
