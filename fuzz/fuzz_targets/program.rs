//! The entry point of the target `program`, for every engine.
#![no_main]

// Which engine that is, its package says.
include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/engine.rs"));
engine::target!("program", engine::IN_PROCESS);
