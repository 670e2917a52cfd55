//! The bug bank under bolero: the target `program`, with the bug in the place of what ships that
//! the environment names.

use std::path::PathBuf;

use put_user_page_bugs::backend::{BUG_VARIABLE, harness};
use put_user_page_fuzz_common::{check, named, start};

#[test]
fn bugs() {
    let is_asked = std::env::var_os(BUG_VARIABLE).is_some();
    if is_asked {
        let file = |_: &[u8]| PathBuf::from("FILE");
        start(named("program"), harness, file, |_, report| panic!("divergence: {report}"));
    } else {
        eprintln!("skipped: `pagediff bugs --engine bolero` asks for bugs");
    }
    // Without it there would be no test for bolero to build.
    bolero::check!().for_each(|bytes: &[u8]| {
        if is_asked {
            check(bytes);
        }
    });
}
