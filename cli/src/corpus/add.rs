//! `pagediff corpus add`: what an engine found, made canonical and kept.

use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use put_user_page_targets::registry::Target;
use sha1_smol::Sha1;

use super::{Root, read_files, write_file};
use crate::error::Stop;
use crate::inputs::{self, target_parser};
use crate::output::count;

/// Adds inputs to a target's committed corpus, canonical, as the target sees them
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    root: Root,
    /// The target
    #[arg(long, value_name = "T", value_parser = target_parser())]
    target: &'static Target,
    /// Files, and directories of files
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<ExitCode, Stop> {
    let directory = arguments.root.of_target(arguments.target)?;
    let mut there: HashSet<Vec<u8>> = read_files(&directory)?.into_values().collect();
    let files = inputs::files(&arguments.paths)?;
    let mut added = 0;
    for file in &files {
        let bytes = inputs::read(file, Some(arguments.target))?.case.encode();
        // The name that libFuzzer would give it.
        let name = Sha1::from(&bytes).digest().to_string();
        if there.insert(bytes.clone()) {
            write_file(&directory.join(name), &bytes)?;
            added += 1;
        }
    }
    let read = count(files.len(), "input");
    writeln!(out, "{read}, {added} new in {}", directory.display())?;
    Ok(ExitCode::SUCCESS)
}
