//! AFL++, through cargo-afl.

use std::path::PathBuf;

pub use put_user_page_fuzz_common::{IN_PROCESS, MakeHarness};
use put_user_page_fuzz_common::{abort, check, named, start};

unsafe extern "C" {
    /// Where the fork server forks: part of AFL++'s runtime, which cargo-afl links in.
    safe fn __afl_manual_init();
    /// Waits for the next input; 0 if there is none.
    safe fn __afl_persistent_loop(inputs: libc::c_uint) -> libc::c_int;
    /// The input in the memory shared with AFL++; null if it comes through stdin. The runtime
    /// writes both.
    static mut __afl_fuzz_ptr: *const u8;
    static mut __afl_fuzz_len: *const u32;
}

/// How many inputs a process runs before AFL++ forks the next.
const INPUTS: libc::c_uint = 100_000;

/// The entry point of a target.
#[macro_export]
macro_rules! target {
    ($name:literal, $make:expr) => {
        /// The process: entry points have no Rust `main`, for libFuzzer has its own.
        #[unsafe(no_mangle)]
        extern "C" fn main() -> std::ffi::c_int {
            $crate::fuzz($name, $make);
            0
        }
    };
}

/// Fuzzes a target until the engine has had enough.
pub fn fuzz(name: &str, make: MakeHarness) {
    // A kernel's guest, or a candidate, is not to be shared by all that are forked.
    __afl_manual_init();
    start(named(name), make, |_| PathBuf::from("FILE"), abort);
    // SAFETY: the runtime sets it in `__afl_manual_init`, on this thread, and not later.
    if unsafe { __afl_fuzz_ptr }.is_null() {
        afl::fuzz(true, |bytes| {
            check(bytes);
        });
    } else {
        while check_next() {}
    }
}

/// Checks the next input; false if there is none. This and the loop above are in place of
/// the crate's loop, whose first round takes other edges than the others: AFL++ would take
/// each target for one that is not stable.
#[inline(never)]
fn check_next() -> bool {
    if __afl_persistent_loop(INPUTS) == 0 {
        return false;
    }
    // SAFETY: the runtime wrote it before, on this thread.
    let input = unsafe { __afl_fuzz_ptr };
    // SAFETY: as above.
    let length = unsafe { __afl_fuzz_len };
    // SAFETY: AFL++ has written the length, and writes it again between rounds only.
    let length = unsafe { length.read_volatile() } as usize;
    // SAFETY: the memory holds so many bytes, which AFL++ leaves alone until the next round.
    check(unsafe { std::slice::from_raw_parts(input, length) });
    true
}
