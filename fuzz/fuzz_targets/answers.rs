//! The entry point of the target `answers`, for every engine.
#![no_main]

// Which engine that is, its package says.
include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/engine.rs"));
engine::target!("answers", put_user_page_targets_kernel::answers::harness);
