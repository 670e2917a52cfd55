//! The entry point of the target `put_user_page`, for every engine.
#![no_main]

engine::target!("put_user_page");
