//! The entry point of the target `candidate`, for every engine.
#![no_main]

engine::target!("candidate");
