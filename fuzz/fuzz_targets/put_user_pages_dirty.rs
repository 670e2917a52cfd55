//! The entry point of the target `put_user_pages_dirty`, for every engine.
#![no_main]

engine::target!("put_user_pages_dirty");
