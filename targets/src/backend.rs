//! The border between the harness and the implementations that it compares.

use std::fmt;

use crate::case::Function;
use crate::outcome::Outcome;
use crate::world::World;

/// One case for a backend: its world, and the canonical bytes to make the world of
/// elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The case's canonical bytes.
    pub bytes: &'a [u8],
    /// The case's world. Its program may be cut short.
    pub world: &'a World,
    /// What the reference makes of it.
    pub class: Class,
}

/// One implementation under comparison.
pub trait Backend {
    /// The name that the command line and reports know it by.
    fn name(&self) -> &str;

    /// What its outcomes hold.
    fn observes(&self) -> Observes;

    /// Why it cannot run this case; `None` if it can.
    fn skips(&self, world: &World, class: Class) -> Option<Skip>;

    /// Runs the jobs in order, and delivers what came of each, once, by its index. A case
    /// has the same outcome after any other.
    ///
    /// # Errors
    ///
    /// The backend itself does not work; the jobs not delivered yet were not run.
    fn run(
        &mut self,
        jobs: &[Job<'_>],
        deliver: &mut dyn FnMut(usize, Result<&Outcome, Failure>),
    ) -> Result<(), BackendError>;
}

/// What a case is, by what the reference makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Every release had a reference of its own to drop: all backends must agree.
    Valid,
    /// Something was released that had no reference left, or a page was freed under the
    /// lock of its holder, whose reference it was: undefined in C and in the kernel.
    OverRelease,
}

/// Which parts of an outcome a backend fills in. Only what both sides fill in is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observes {
    /// Which entry stopped a call.
    pub errors: bool,
    /// Writes to places that a release has no business with.
    pub stray_writes: bool,
}

impl Observes {
    /// Everything.
    pub const ALL: Observes = Observes { errors: true, stray_writes: true };

    /// What both observe.
    pub const fn and(self, other: Observes) -> Observes {
        Observes {
            errors: self.errors && other.errors,
            stray_writes: self.stray_writes && other.stray_writes,
        }
    }

    /// The names of what is not observed.
    pub fn missing(self) -> Vec<&'static str> {
        let parts = [(self.errors, "errors of calls"), (self.stray_writes, "stray writes")];
        parts.into_iter().filter(|(observed, _)| !observed).map(|(_, name)| name).collect()
    }
}

/// Why a backend does not run a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Skip {
    /// The case calls a function that the backend does not have.
    Lacks(Function),
    /// The case over-releases, which is undefined for the backend.
    OverRelease,
}

impl fmt::Display for Skip {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Skip::Lacks(function) => write!(formatter, "it has no {}()", function.name()),
            Skip::OverRelease => formatter.write_str("the case over-releases"),
        }
    }
}

/// A backend that did not survive a case: a divergence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It ended, and how.
    Crashed(String),
    /// It did not end within so many seconds.
    Hung(u64),
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Crashed(how) => write!(formatter, "crashed: {how}"),
            Failure::Hung(seconds) => write!(formatter, "hung: no end after {seconds} s"),
        }
    }
}

/// A backend that does not work, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendError {
    /// What is wrong.
    pub message: String,
    /// What to do next.
    pub help: String,
}

impl fmt::Display for BackendError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for BackendError {}
