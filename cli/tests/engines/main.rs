//! The engines: what each finds from nothing, and what each takes up of the others.
//!
//! They look for bugs of the bank, and grow corpora in a copy of this repository. Building either
//! takes a minute or two for each engine, once.

mod bugs;
#[path = "../common/mod.rs"]
mod common;
mod copy;
mod exchange;

/// The engines' names.
const ENGINES: [&str; 4] = ["libfuzzer", "afl", "honggfuzz", "bolero"];

/// What is fuzzed.
const TARGET: &str = "program";
