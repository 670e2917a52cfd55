//! Running cargo, which says by itself what is wrong.

use std::path::Path;
use std::process::{Command, Stdio};

use pagediff_terminal::error::{Stop, does_not_hold, error};

/// A command of cargo's in a folder.
pub(crate) fn cargo(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    command
}

/// Runs the command, which must do what it was asked for.
///
/// # Errors
///
/// It does not start, or fails; `help` is then what to do.
pub(crate) fn run(command: &mut Command, help: &str) -> Result<(), Stop> {
    let status = command.status().map_err(|why| {
        let program = command.get_program().display();
        error(format!("{program} does not start: {why}"), "see that it is installed")
    })?;
    if status.success() {
        return Ok(());
    }
    let words = [command.get_program()].into_iter().chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    Err(does_not_hold(format!("`{}` failed, {status}", words.join(" ")), help))
}
