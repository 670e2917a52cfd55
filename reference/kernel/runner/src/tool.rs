//! Running the programs of others.

use std::process::{Command, Output, Stdio};

use crate::error::Error;

/// Runs a program to its end and returns its standard output. `help` is for where it is
/// not there or fails.
pub(crate) fn run(command: &mut Command, help: &str) -> Result<String, Error> {
    let output = output(command, help)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(failed(command, &output, help))
}

/// Runs a program to its end, however that is.
pub(crate) fn output(command: &mut Command, help: &str) -> Result<Output, Error> {
    let output = command.stdin(Stdio::null()).output();
    output.map_err(|why| Error::new(format!("`{}` does not run: {why}", words(command)), help))
}

/// The error of a program that failed, with all that it said.
pub(crate) fn failed(command: &Command, output: &Output, help: &str) -> Error {
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said);
    let message = format!("`{}` failed, {}:\n{}", words(command), output.status, said.trim_end());
    Error::new(message, help)
}

fn words(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}
