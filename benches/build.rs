//! Compiles what is in C as a distribution compiles C: with -O2.

/// The library's ways in the kernel's words.
const FAST_IN_C: &str = "../targets/c/candidates/fast.c";

fn main() {
    println!("cargo::rerun-if-changed=src/peers.c");
    println!("cargo::rerun-if-changed=src/pins.c");
    println!("cargo::rerun-if-changed=src/kernel");
    println!("cargo::rerun-if-changed={FAST_IN_C}");
    let mut c = cc::Build::new();
    c.include("src/kernel").files(["src/peers.c", "src/pins.c", FAST_IN_C]);
    c.opt_level(2).warnings_into_errors(true).compile("peers");
}
