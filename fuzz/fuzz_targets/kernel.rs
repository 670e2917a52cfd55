//! The libFuzzer entry point of the target `kernel`.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use put_user_page_fuzz as glue;

fuzz_target!(init: glue::start("kernel"), |bytes: &[u8]| glue::check(bytes));
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    glue::mutate(data, size, max_size, seed)
});
