//! `pagediff assemble`: a case as text to its canonical bytes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pagediff_terminal::error::{Stop, file_error};
use pagediff_terminal::inputs;

/// Turns a case as text into its canonical bytes
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The case as text; `-` for standard input
    #[arg(value_name = "FILE.case")]
    input: PathBuf,
    /// Where to write the bytes; `-` for standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Stop> {
    let case = inputs::read_text(&arguments.input)?;
    write_to(&arguments.output, &case.encode())
}

/// Writes to a file, or for `-` to standard output, which leaves no byte out here.
pub(crate) fn write_to(path: &Path, bytes: &[u8]) -> Result<ExitCode, Stop> {
    if path == Path::new("-") {
        let mut out = std::io::stdout();
        out.write_all(bytes)?;
        out.flush()?;
    } else {
        std::fs::write(path, bytes).map_err(|why| file_error(path, "written", &why))?;
    }
    Ok(ExitCode::SUCCESS)
}
