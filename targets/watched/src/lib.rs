//! What engines see the branches of, beside the decoder of records: the library, compiled here
//! as it is where it is used, and the named states. A crate of its own, for an engine sees whole
//! crates or nothing of them (`scripts/rustc`), and what builds worlds, compares and reports has
//! branches that tell it nothing.

mod release;
pub mod states;

pub use release::{release, release_in_small_blocks, release_unhooked};
