//! Running the programs of others.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use rustix::process::{Pid, Signal, getpid, getppid, set_parent_process_death_signal};

use crate::Error;

/// The help where `ld`, `nm` or `objdump` fail.
pub(crate) const BINUTILS: &str =
    "mend what is said above; these are programs of the package binutils, which gcc comes with";

/// Where a program is on the PATH, or in one of some more folders.
pub(crate) fn installed(program: &str, more: &[&str]) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&paths).chain(more.iter().map(PathBuf::from));
    folders.map(|folder| folder.join(program)).find(|program| program.is_file())
}

/// Runs a program to its end and returns its standard output. `help` is for where it is
/// not there or fails.
pub(crate) fn run(command: &mut Command, help: &str) -> Result<String, Error> {
    let output = output(command, help)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    // With all that it said.
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said);
    let message = format!("`{}` failed, {}:\n{}", words(command), output.status, said.trim_end());
    Err(Error::new(message, help))
}

/// Runs a program to its end, however it ends. `help` is for where it is not there.
pub(crate) fn output(command: &mut Command, help: &str) -> Result<Output, Error> {
    let parent = getpid();
    // SAFETY: only makes system calls, which is all that may be done after fork().
    unsafe { command.pre_exec(move || end_with(parent)) };
    command.stdin(Stdio::null()).output().map_err(|why| {
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

fn words(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}
