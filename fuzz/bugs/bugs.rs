//! The entry point of the bug bank, for every engine: the target `program`, with the bug in the
//! place of what ships that the environment names.
#![no_main]

// Which engine that is, its package says.
include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/engine.rs"));
engine::target!("program", put_user_page_bugs::backend::harness);
