//! An error that helps.

use std::fmt::Display;
use std::io;
use std::path::Path;

/// What is wrong with what, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}\n{help}")]
pub struct Error {
    /// What is wrong.
    pub message: String,
    /// What to do next.
    pub help: String,
}

impl Error {
    /// An error of what is wrong, and what to do next.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Error {
        Error { message: message.into(), help: help.into() }
    }

    /// An error that the system gave for a file, which cannot be `what`: read, say.
    pub fn file(path: &Path, what: &str, why: &io::Error) -> Error {
        let message = format!("{} cannot be {what}: {why}", path.display());
        Error::new(message, "check the path, its permissions, and that the disk has room")
    }

    /// An error of a system call that fails only where something is used up.
    pub fn system(what: &str, why: impl Display) -> Error {
        let help = "see that memory, processes and open files are not used up, and run it again";
        Error::new(format!("{what}: {why}"), help)
    }
}
