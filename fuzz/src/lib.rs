//! libFuzzer, through cargo-fuzz.

mod arguments;
mod stack_overflow;

use std::ffi::{CStr, OsString};
use std::path::{Path, PathBuf};
use std::process::exit;
use std::sync::LazyLock;

pub use libfuzzer_sys;
use libfuzzer_sys::Corpus;
use put_user_page_fuzz_common::ablation::{Ablation, ablation};
use put_user_page_fuzz_common::{BENCH_VARIABLE, abort, crash_name, fail, mutator, named};
pub use put_user_page_fuzz_common::{IN_PROCESS, MakeHarness};
use put_user_page_targets::harness::Harness;
use put_user_page_targets::registry::Target;

/// The entry point of a target.
#[macro_export]
macro_rules! target {
    ($name:literal, $make:expr) => {
        $crate::libfuzzer_sys::fuzz_target!(
            init: $crate::start($name, $make),
            |bytes: &[u8]| -> $crate::libfuzzer_sys::Corpus { $crate::check(bytes) }
        );
        $crate::libfuzzer_sys::fuzz_mutator!(
            |data: &mut [u8], size: usize, max_size: usize, seed: u32| {
                $crate::mutate(data, size, max_size, seed)
            }
        );

        /// Asked by the address sanitizer's runtime, of the program that it is linked into.
        #[unsafe(no_mangle)]
        extern "C" fn __asan_default_options() -> *const std::ffi::c_char {
            $crate::SANITIZER_OPTIONS.as_ptr()
        }
    };
}

/// How the address sanitizer tells crashes apart, if `$ASAN_OPTIONS` does not say. By so many
/// frames, which are, at a divergence, seven or eight of libFuzzer and the C library, and the
/// three that tell the divergence from others; libFuzzer's minimiser does not keep to what has
/// no such token.
pub const SANITIZER_OPTIONS: &CStr = c"dedup_token_length=11";

/// Set by `cargo fuzz fmt`: where to write what an input is.
const DEBUG_PATH_VARIABLE: &str = "RUST_LIBFUZZER_DEBUG_PATH";

/// Makes the process ready to fuzz a target; called once, before the engine reads its
/// arguments. Ends the process where it has done all that was asked, or cannot start.
pub fn start(name: &str, make: MakeHarness) {
    let target = named(name);
    if let Some(path) = std::env::var_os(DEBUG_PATH_VARIABLE) {
        write_text(target, &PathBuf::from(path));
    }
    arguments::complete(target);
    stack_overflow::abort_on_it();
    put_user_page_fuzz_common::start(target, make, artifact, abort);
}

/// Checks an input, and tells the engine whether it is one to build others from.
pub fn check(bytes: &[u8]) -> Corpus {
    if put_user_page_fuzz_common::check(bytes) { Corpus::Keep } else { Corpus::Reject }
}

/// Changes an input: every other time record by record, else as the engine would. Leaves it
/// as it is while the engine is measured.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    static IS_BENCH: LazyLock<bool> = LazyLock::new(|| std::env::var_os(BENCH_VARIABLE).is_some());
    if *IS_BENCH {
        return size;
    }
    let mut rng = fastrand::Rng::with_seed(u64::from(seed));
    if ablation().is_none_or(Ablation::has_mutator) && rng.bool() {
        mutator::mutate(data, size, max_size, &mut rng)
    } else {
        libfuzzer_sys::fuzzer_mutate(data, size, max_size)
    }
}

/// `cargo fuzz fmt`: writes the case that the input file holds as text, with the calls
/// that this target makes of it, and ends.
fn write_text(target: &Target, path: &Path) -> ! {
    let is_flag = |argument: &OsString| argument.to_string_lossy().starts_with('-');
    let input = std::env::args_os().skip(1).find(|argument| !is_flag(argument));
    let written = input
        .ok_or_else(|| std::io::Error::other("no input file was named"))
        .and_then(std::fs::read)
        .and_then(|bytes| std::fs::write(path, Harness::case(target, &bytes).to_text()));
    match written {
        Ok(()) => exit(0),
        Err(error) => fail(&format!("the input cannot be written as text: {error}"), ""),
    }
}

/// The file that the engine is about to save the input in.
fn artifact(bytes: &[u8]) -> PathBuf {
    let prefix = std::env::args()
        .find_map(|argument| argument.strip_prefix("-artifact_prefix=").map(str::to_owned))
        .unwrap_or_default();
    let here = format!("{}/", std::env::current_dir().unwrap_or_default().display());
    let prefix = prefix.strip_prefix(&here).unwrap_or(&prefix);
    PathBuf::from(format!("{prefix}{}", crash_name(bytes)))
}
