//! The entry point of the target `decode`, for every engine.
#![no_main]

// Which engine that is, its package says.
include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/engine.rs"));
engine::target!("decode", engine::IN_PROCESS);
