//! Other commands of this program, each in a process of its own: one that crashes over an
//! input takes nothing else with it.

use std::path::Path;
use std::process::Command;

use crate::error::{DIVERGENCE, Stop, error};

/// What a command printed.
pub(super) struct Again {
    pub(super) text: String,
    /// Whether it exited with 1.
    pub(super) diverges: bool,
}

/// Runs a command in the repository.
///
/// # Errors
///
/// It does not start, or cannot do what it was asked.
pub(super) fn again(root: &Path, words: &[&str]) -> Result<Again, Stop> {
    let program = std::env::current_exe()
        .map_err(|why| error(format!("this program is gone: {why}"), "build it again"))?;
    let name = words.first().unwrap_or(&"");
    let output = Command::new(program).current_dir(root).args(words).output();
    let output = output
        .map_err(|why| error(format!("`pagediff {name}` does not start: {why}"), "run it again"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.code() {
        Some(0) => Ok(Again { text, diverges: false }),
        Some(code) if code == i32::from(DIVERGENCE) => Ok(Again { text, diverges: true }),
        _ => {
            let why = String::from_utf8_lossy(&output.stderr);
            let message = format!("`pagediff {name}` failed, {}\n{}", output.status, why.trim());
            Err(error(message, "what it says is above"))
        }
    }
}
