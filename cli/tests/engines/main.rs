//! The engines: what each finds from nothing, and what each takes up of the others.
//!
//! They run in a copy of this repository whose fast implementation has mistakes, each of which
//! the environment asks for. Building it takes a minute or two for each engine, once.

#[path = "../common/mod.rs"]
mod common;
mod copy;
mod exchange;
mod mistakes;

/// The engines' names.
const ENGINES: [&str; 4] = ["libfuzzer", "afl", "honggfuzz", "bolero"];

/// What is fuzzed.
const TARGET: &str = "program";
