//! The entry point of the target `put_user_pages_dirty_lock`, for every engine.
#![no_main]

// Which engine that is, its package says.
include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/engine.rs"));
engine::target!("put_user_pages_dirty_lock", engine::IN_PROCESS);
