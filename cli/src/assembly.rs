//! `pagediff assemble` and `pagediff disassemble`: a case as text to bytes, and back.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pagediff_terminal::error::{Stop, error, file_error};
use pagediff_terminal::inputs;
use put_user_page_case::Case;

/// Turns a case as text into its canonical bytes
#[derive(clap::Args)]
pub(crate) struct AssembleArguments {
    /// The case as text; `-` for standard input
    #[arg(value_name = "FILE.case")]
    input: PathBuf,
    /// Where to write the bytes; `-` for standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// Turns bytes, any there are, into the case that they stand for, as text
#[derive(clap::Args)]
pub(crate) struct DisassembleArguments {
    /// The case as bytes; `-` for standard input
    #[arg(value_name = "FILE")]
    input: PathBuf,
    /// Where to write the text; `-` for standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
}

pub(crate) fn assemble(arguments: &AssembleArguments) -> Result<ExitCode, Stop> {
    let case = inputs::read_text(&arguments.input)?;
    write_to(&arguments.output, &case.encode())
}

pub(crate) fn disassemble(arguments: &DisassembleArguments) -> Result<ExitCode, Stop> {
    if inputs::is_text(&arguments.input) {
        let message = format!("{} is text already, by its name", arguments.input.display());
        return Err(error(message, "`pagediff assemble` makes bytes of text"));
    }
    let case = Case::decode(&inputs::read_bytes(&arguments.input)?);
    write_to(&arguments.output, case.to_text().as_bytes())
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
