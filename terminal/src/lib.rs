//! What all commands share about the command line: how they end, how their output looks, how
//! they find and read files of cases, and where the repository is.

pub mod error;
pub mod inputs;
pub mod output;
pub mod repository;
pub mod table;
