//! Compiles the C parts: the sanitizer's marks, the places of struct page's fields, and the example candidate
//! that the `candidate` target falls back on.

fn main() {
    println!("cargo:rerun-if-changed=c");
    let mut parts = cc::Build::new();
    parts.include("c").file("c/asan.c").file("c/layout.c");
    parts.compile("targets_c");

    // The example under names of its own: a candidate that is loaded later must not meet
    // its own names in this program.
    let mut example = cc::Build::new();
    example.include("c").file("c/candidates/per_run.c");
    let names = [
        "put_user_page",
        "put_user_pages",
        "put_user_pages_dirty",
        "put_user_pages_dirty_lock",
        "unpin_user_page",
        "unpin_user_pages",
        "unpin_user_pages_dirty_lock",
        "unpin_user_page_range_dirty_lock",
        "unpin_folio",
        "unpin_folios",
        "unpin_user_folio",
        "put_user_page_hooks",
    ];
    for name in names {
        example.define(name, format!("example_{name}").as_str());
    }
    example.compile("example_candidate");
}
