//! The entry point of the target `decode`, for every engine.
#![no_main]

engine::target!("decode");
