//! Is `struct page` the same to Rust, to C and to people?

use put_user_page::{AddressSpace, POISON, Page, flags, offsets};

unsafe extern "C" {
    // `c/layout.c`.
    fn put_user_page_layout(field: usize) -> usize;
}

/// The fields in the order of `c/layout.c`: the name and the offset in Rust.
const FIELDS: [(&str, usize); 11] = [
    ("flags", offsets::FLAGS),
    ("compound_head", offsets::COMPOUND_HEAD),
    ("compound_dtor", offsets::COMPOUND_DTOR),
    ("compound_order", offsets::COMPOUND_ORDER),
    ("compound_mapcount", offsets::COMPOUND_MAPCOUNT),
    ("mapping", offsets::MAPPING),
    ("index", offsets::INDEX),
    ("private", offsets::PRIVATE),
    ("_mapcount", offsets::MAPCOUNT),
    ("_refcount", offsets::REFCOUNT),
    ("memcg_data", offsets::MEMCG_DATA),
];

#[test]
fn the_header_has_every_field_where_rust_has_it() {
    // SAFETY: an index into the C array, which has these many values before and after.
    let in_c = |index| unsafe { put_user_page_layout(index) };
    assert_eq!((in_c(0), in_c(1)), (size_of::<Page>(), align_of::<Page>()));
    for (index, (name, offset)) in FIELDS.into_iter().enumerate() {
        assert_eq!(in_c(2 + index), offset, "{name}");
    }
    let rest = 2 + FIELDS.len();
    assert_eq!(in_c(rest), flags::LOCKED);
    assert_eq!(in_c(rest + 1), flags::DIRTY);
    assert_eq!(in_c(rest + 2), flags::HEAD);
    assert_eq!(in_c(rest + 3), std::mem::offset_of!(AddressSpace, dirty_count));
    assert_eq!(in_c(rest + 4), std::mem::offset_of!(AddressSpace, dirty_tags));
    assert_eq!(in_c(rest + 5), POISON);
    assert_eq!(in_c(rest + 6), offsets::COMPOUND_PINCOUNT);
    assert_eq!(in_c(rest + 7), offsets::COMPOUND_NR);
}

#[test]
fn docs_model_gives_the_offsets() {
    let model = include_str!("../../docs/model.md");
    for (name, offset) in FIELDS {
        let row = format!("| {offset} | `{name}` |");
        assert!(model.contains(&row), "docs/model.md has no row that starts with {row}");
    }
}
