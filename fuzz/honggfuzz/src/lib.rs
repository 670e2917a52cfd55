//! honggfuzz, through cargo-hfuzz.

use std::path::PathBuf;

pub use put_user_page_fuzz_common::{IN_PROCESS, MakeHarness};
use put_user_page_fuzz_common::{abort, check, named, start};

/// The entry point of a target.
#[macro_export]
macro_rules! target {
    ($name:literal, $make:expr) => {
        /// The process: entry points have no Rust `main`, for libFuzzer has its own.
        #[unsafe(no_mangle)]
        extern "C" fn main() -> std::ffi::c_int {
            $crate::fuzz($name, $make)
        }
    };
}

/// Fuzzes a target for as long as the engine lives.
pub fn fuzz(name: &str, make: MakeHarness) -> ! {
    start(named(name), make, |_| PathBuf::from("FILE"), abort);
    loop {
        honggfuzz::fuzz(|bytes| {
            check(bytes);
        });
    }
}
