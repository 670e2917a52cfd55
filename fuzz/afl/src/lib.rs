//! AFL++, through cargo-afl.

use std::path::PathBuf;

use put_user_page_fuzz_common::{check, named, print_reports_alone, start};

unsafe extern "C" {
    /// Where the fork server forks: part of AFL++'s runtime, which cargo-afl links in.
    safe fn __afl_manual_init();
}

/// The entry point of a target.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        /// The process: entry points have no Rust `main`, for libFuzzer has its own.
        #[unsafe(no_mangle)]
        extern "C" fn main() -> std::ffi::c_int {
            $crate::fuzz($name);
            0
        }
    };
}

/// Fuzzes a target until the engine has had enough.
pub fn fuzz(name: &str) {
    // A kernel's guest, or a candidate, is not to be shared by all that are forked.
    __afl_manual_init();
    start(named(name), |_| PathBuf::from("FILE"));
    print_reports_alone();
    afl::fuzz(true, check);
}
