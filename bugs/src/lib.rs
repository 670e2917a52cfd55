//! The bug bank: known bugs of code that releases pages, each as a backend that has exactly
//! that one mistake. Whoever changes the oracle, the case format, the generator or a corpus
//! sees here whether bugs that were made once are still found.
//!
//! A bug is a difference from something that is right ([`base`]): from what ships, from a loop
//! over entries, or from a loop over runs. [`bank`] has them, a file for each family. What the
//! model has no words for yet is listed too, with what it waits for ([`waiting`]).

pub mod backend;
pub mod bank;
pub mod base;
mod bug;
pub mod finder;
pub mod waiting;

pub use bank::{BUGS, bug};
pub use bug::{Bug, Run, Scale};
