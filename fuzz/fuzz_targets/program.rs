//! The entry point of the target `program`, for every engine.
#![no_main]

engine::target!("program");
