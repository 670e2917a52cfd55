//! Why the kernel cannot run anything.

use std::fmt;
use std::io;
use std::path::Path;

/// What is wrong with what, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What is wrong.
    pub message: String,
    /// What to do next.
    pub help: String,
}

impl Error {
    pub(crate) fn new(message: impl Into<String>, help: impl Into<String>) -> Error {
        Error { message: message.into(), help: help.into() }
    }

    /// An error that the system gave for a file.
    pub(crate) fn file(path: &Path, what: &str, why: &io::Error) -> Error {
        let message = format!("{} cannot be {what}: {why}", path.display());
        Error::new(message, "check the path, its permissions, and that the disk has room")
    }

    /// An error of a system call that fails only where something is used up.
    pub(crate) fn system(what: &str, why: impl fmt::Display) -> Error {
        let help = "see that memory, processes and open files are not used up, and run it again";
        Error::new(format!("{what}: {why}"), help)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.message, self.help)
    }
}

impl std::error::Error for Error {}
