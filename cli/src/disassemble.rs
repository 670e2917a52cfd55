//! `pagediff disassemble`: bytes to the case that they are, as text.

use std::path::PathBuf;
use std::process::ExitCode;

use pagediff_terminal::error::{Stop, error};
use pagediff_terminal::inputs;
use put_user_page_case::Case;

use crate::assemble::write_to;

/// Turns bytes, any there are, into the case that they stand for, as text
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The case as bytes; `-` for standard input
    #[arg(value_name = "FILE")]
    input: PathBuf,
    /// Where to write the text; `-` for standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Stop> {
    if inputs::is_text(&arguments.input) {
        let message = format!("{} is text already, by its name", arguments.input.display());
        return Err(error(message, "`pagediff assemble` makes bytes of text"));
    }
    let case = Case::decode(&inputs::read_bytes(&arguments.input)?);
    write_to(&arguments.output, case.to_text().as_bytes())
}
