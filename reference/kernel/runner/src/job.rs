//! What comes of a job: its answer, or the end of the guest.

use std::fmt;

use crate::log;

/// What takes a job's result: its number in the batch, and its answer or its death.
pub type Deliver<'a> = dyn FnMut(usize, Result<&[u8], Death>) + 'a;

/// The end of a guest, put down to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Death {
    /// How the guest ended.
    pub how: How,
    /// What the guest's kernel wrote to its console.
    pub log: String,
    /// The first of the jobs that must run before this one for the guest to die; none
    /// where the job kills a fresh guest alone. A number in the same batch.
    pub after: Option<usize>,
}

impl Death {
    /// Whether the job kills a fresh guest alone.
    pub fn is_alone(&self) -> bool {
        self.after.is_none()
    }

    /// The function that the kernel was in, where its log says.
    pub fn function(&self) -> Option<&str> {
        match &self.how {
            How::Panicked(line) => log::function(&self.log, line),
            How::Reset | How::Hung(_) => None,
        }
    }
}

/// How a guest ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// The kernel complained: the first line of its log that tells of what.
    Panicked(String),
    /// The machine was reset, and the kernel said nothing: it lost control of it.
    Reset,
    /// There was no answer for so many seconds.
    Hung(u64),
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            How::Panicked(line) => f.write_str(line),
            How::Reset => f.write_str("the machine was reset without a word of the kernel's"),
            How::Hung(seconds) => write!(f, "no answer for {seconds} s"),
        }
    }
}
