//! The targets as property tests: plain `cargo test` draws inputs, `cargo bolero test T`
//! runs bolero's libFuzzer.

use put_user_page_kernel::Which;
use std::path::PathBuf;

use put_user_page_fuzz_common::{IN_PROCESS, check, named, start};

macro_rules! targets {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            let target = stringify!($name);
            if target == "kernel" && !put_user_page_kernel::is_set_up(&Which::default()) {
                eprintln!("skipped: run `scripts/kernel setup` for it");
                return;
            }
            let make = match target {
                "kernel" => put_user_page_targets_kernel::harness,
                "answers" => put_user_page_targets_kernel::answers::harness,
                _ => IN_PROCESS,
            };
            let file = |_: &[u8]| PathBuf::from("FILE");
            // A test fails by a panic, and bolero makes what panics small.
            start(named(target), make, file, |_, report| panic!("divergence: {report}"));
            bolero::check!().for_each(|bytes: &[u8]| {
                check(bytes);
            });
        }
    )*};
}

targets! {
    put_user_page
    put_user_pages
    put_user_pages_dirty
    put_user_pages_dirty_lock
    program
    candidate
    decode
    kernel
    answers
}
