//! Candidates: C functions, in this process and in a child process.

mod compile;
mod hooks;
mod library;
mod process;

pub use compile::{Compiler, is_source};
pub use library::{BUILT_IN_CANDIDATE, Candidate};
pub(crate) use process::{CANDIDATE_OBSERVES, read_outcome};
pub use process::{CandidateOptions, CandidateProcess, serve};
