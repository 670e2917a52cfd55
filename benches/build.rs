//! Compiles the peers in C as a distribution compiles C: with -O2.

fn main() {
    println!("cargo::rerun-if-changed=src/peers.c");
    cc::Build::new().file("src/peers.c").opt_level(2).warnings_into_errors(true).compile("peers");
}
