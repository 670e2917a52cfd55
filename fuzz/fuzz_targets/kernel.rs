//! The entry point of the target `kernel`, for every engine.
#![no_main]

engine::target!("kernel");
