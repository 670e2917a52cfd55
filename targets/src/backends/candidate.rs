//! Candidates: C functions, in this process and in a child process.

mod hooks;
mod library;
mod process;

pub use library::{BUILT_IN_CANDIDATE, Candidate};
pub use process::{CandidateProcess, serve};
