//! Compiles the C forms of a case: the decoder and the builder of worlds.

fn main() {
    println!("cargo:rerun-if-changed=c");
    let mut parts = cc::Build::new();
    parts.include("c").file("c/decode.c").file("c/world.c").compile("put_user_page_case_c");
}
