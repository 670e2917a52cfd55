//! Running the programs of others.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, Signal, getpid, getppid, set_parent_process_death_signal};

use crate::Error;

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
    let parent = getpid();
    // SAFETY: only makes system calls, which is all that may be done after fork().
    unsafe { command.pre_exec(move || end_with(parent)) };
    let output = command.stdin(Stdio::null()).output();
    output.map_err(|why| {
        let program = command.get_program().display();
        let message = match why.kind() {
            io::ErrorKind::NotFound => format!("there is no {program} to be run"),
            _ => format!("`{}` does not run: {why}", words(command)),
        };
        Error::new(message, help)
    })
}

/// To be called in a new process: it ends when the one that started it does.
pub(crate) fn end_with(parent: Pid) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    if getppid() != Some(parent) {
        // The parent ended before it could be asked for.
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    Ok(())
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
