//! Other commands of this program, each in a process of its own: one that crashes over an
//! input takes nothing else with it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use pagediff_terminal::error::{DIVERGENCE, Stop, error};
use put_user_page_targets::harness::candidate_argument;
use put_user_page_targets::registry::{Check, Target};
use put_user_page_targets_kernel::Api;

/// What a command printed.
pub(crate) struct Again {
    pub(crate) text: String,
    /// Whether it exited with 1.
    pub(crate) diverges: bool,
}

/// Runs a command in the repository.
///
/// # Errors
///
/// It does not start, or cannot do what it was asked.
pub(crate) fn again(root: &Path, words: &[impl AsRef<OsStr>]) -> Result<Again, Stop> {
    let program = std::env::current_exe()
        .map_err(|why| error(format!("this program is gone: {why}"), "build it again"))?;
    let name = words.first().map_or(OsStr::new(""), AsRef::as_ref).display();
    let mut command = Command::new(program);
    output_of(command.current_dir(root).args(words), &format!("pagediff {name}"))
}

/// Runs a command of `cargo xtask` in the repository: what only this project's development needs
/// is no part of this program.
///
/// # Errors
///
/// It does not start, does not build, or cannot do what it was asked.
pub(crate) fn xtask(root: &Path, words: &[&str]) -> Result<Again, Stop> {
    let name = words.first().unwrap_or(&"");
    let mut command = Command::new("cargo");
    let command = command.current_dir(root).arg("xtask").args(words);
    output_of(command, &format!("cargo xtask {name}"))
}

/// Runs those tests of the command that are too dear for every run, out of one file, by a part of
/// their names; whether they pass.
///
/// # Errors
///
/// They do not start.
pub(crate) fn ignored_tests(root: &Path, file: &str, name: &str) -> Result<bool, Stop> {
    let mut command = Command::new("cargo");
    command.current_dir(root).args(["test", "--package", "pagediff", "--test", file, name]);
    let status = command.args(["--", "--ignored"]).status();
    let status = status
        .map_err(|why| error(format!("`cargo test` does not start: {why}"), "run it again"))?;
    Ok(status.success())
}

fn output_of(command: &mut Command, name: &str) -> Result<Again, Stop> {
    let output = command
        .output()
        .map_err(|why| error(format!("`{name}` does not start: {why}"), "run it again"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.code() {
        Some(0) => Ok(Again { text, diverges: false }),
        Some(code) if code == i32::from(DIVERGENCE) => Ok(Again { text, diverges: true }),
        _ => {
            let why = String::from_utf8_lossy(&output.stderr);
            let message = format!("`{name}` failed, {}\n{}", output.status, why.trim());
            Err(error(message, "what it says is above"))
        }
    }
}

/// What a command prints, or why it does not: what cannot be shown is found all the same.
pub(crate) fn text(root: &Path, words: &[String]) -> String {
    match again(root, words) {
        Ok(again) => again.text,
        Err(Stop::Error(why) | Stop::DoesNotHold(why)) => why.to_string(),
        Err(Stop::Interrupted | Stop::OutputClosed) => String::new(),
    }
}

/// The words of a command on an input of a target, on the backends that the target runs.
pub(crate) fn on_input(command: &[&str], target: &Target, file: &str) -> Vec<String> {
    let mut words = [command, &["--target", target.name]].concat();
    let backends = backends_of(target);
    words.extend(backends.iter().flat_map(|backend| ["--backend", backend]));
    words.push(file);
    words.into_iter().map(str::to_owned).collect()
}

/// The backends to name, where the target does not run the usual ones.
fn backends_of(target: &Target) -> Vec<String> {
    match target.check {
        Check::Candidate => candidate_argument().into_iter().collect(),
        Check::Kernel => Api::ALL.map(|api| api.name().to_owned()).to_vec(),
        Check::OneFunction(_) | Check::Program | Check::Decode | Check::Answers => Vec::new(),
    }
}
