//! The backends that come with the harness.

mod candidate;
mod fast;
mod in_process;
mod naive;
mod page_map;

pub use candidate::{
    BUILT_IN_CANDIDATE, Candidate, CandidateOptions, CandidateProcess, Compiler, is_source, serve,
};
pub(crate) use candidate::{CANDIDATE_OBSERVES, read_outcome};
pub use fast::{Fast, FastUnhooked, fast, fast_in_small_blocks, fast_unhooked};
pub use in_process::InProcess;
pub use naive::{Naive, Reference, naive, naive_of, reference_of};
pub use page_map::{PageMap, Recorder, Release, set_other_flags};
