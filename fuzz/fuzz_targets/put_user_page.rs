//! The libFuzzer entry point of the target `put_user_page`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use put_user_page_fuzz as glue;

fuzz_target!(init: glue::start("put_user_page"), |bytes: &[u8]| glue::check(bytes));
