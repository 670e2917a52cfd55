//! The entry point of the target `kernel`, for every engine.
#![no_main]

// Which engine that is, its package says.
include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/engine.rs"));
engine::target!("kernel", put_user_page_targets_kernel::harness);
