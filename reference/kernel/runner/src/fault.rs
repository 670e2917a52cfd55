//! Whose fault it is that a kernel does not run.

use std::fmt;

use crate::Error;

/// Why a kernel does not run, by whose fault it is: a bisection passes over a source that cannot be
/// tried, and must not take anything else for that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The kernel's own: its source does not build, or it dies before anything is asked of it.
    Kernel(Error),
    /// Anything else.
    Other(Error),
}

impl Fault {
    /// What is wrong.
    pub fn error(&self) -> &Error {
        match self {
            Fault::Kernel(error) | Fault::Other(error) => error,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error().fmt(f)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::Other(error)
    }
}

/// For those to whom it makes no difference.
impl From<Fault> for Error {
    fn from(fault: Fault) -> Error {
        match fault {
            Fault::Kernel(error) | Fault::Other(error) => error,
        }
    }
}
