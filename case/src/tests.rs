//! Bytes and text by hand. Drawn at random they are tested by the `decode` target.

use super::*;
use crate::world::World;

fn text_error(text: &str) -> String {
    Case::from_text(text).expect_err("the text is wrong").to_string()
}

#[test]
fn a_record_is_eight_bytes_as_the_format_says() {
    let case = Case::from_text(
        "folio a order=9 kind=file dirty refs=1024 repeat=2
         entries !a[3]*5
         put_user_pages_dirty_lock earlier=1 slice=2..7",
    );
    let expected = [
        [0x09, 0b1000_0011, 1, 0, 0, 0, 0, 0],
        [0x21, 0b01, 3, 0, 5, 0, 0, 0],
        [0x43, 0, 1, 0, 2, 0, 5, 0],
    ];
    assert_eq!(case.expect("a good text").encode(), expected.concat());
}

#[test]
fn the_source_of_pages_is_one_byte_and_decides_kind_and_order() {
    let text = "folio a from=anon\nfolio b order=9 from=hugetlb\nfolio c from=file\n\
                folio d order=2 from=memfd\n";
    let case = Case::from_text(text).expect("a good text");
    assert_eq!(case.to_text(), text);
    let bytes = case.encode();
    let parts: Vec<_> = bytes.as_chunks::<8>().0.iter().map(|b| (b[0], b[1], b[6], b[7])).collect();
    assert_eq!(parts, [(0, 0, 1, 0), (9, 0, 3, 0), (0, 1, 4, 0), (2, 0, 2, 0)]);
    // The kind and the order that the bytes have are another's.
    let file = Case::decode(&[0x02, 1, 0, 0, 0, 0, 3, 7]);
    assert_eq!(file.to_text(), "folio a order=9 from=hugetlb\n");
    for unknown in [7, 255] {
        let kernel = Case::decode(&[0x02, 1, 0, 0, 0, 0, unknown, 0]);
        assert_eq!(kernel.to_text(), "folio a order=2 kind=file\n");
    }
}

#[test]
fn numbers_that_do_not_fit_into_few_bits_are_written_as_large() {
    let case = Case::from_text("folio a repeat=17\nentries a[0..64]").expect("a good text");
    let bytes = case.encode();
    assert_eq!((bytes[1], bytes[9]), (0b0011_0000, 0b0011_0000));
    let small = Case::from_text("folio a repeat=16\nentries a[0..63]").expect("a good text");
    let bytes = small.encode();
    assert_eq!((bytes[1], bytes[9]), (0, 0));
}

#[test]
fn every_byte_string_is_a_case_and_reserved_records_are_skipped() {
    assert_eq!(Case::decode(&[]), Case::default());
    assert_eq!(Case::decode(&[0xff; 23]), Case::default());
    assert_eq!(Case::decode(&[0x0f; 15]).records.len(), 1);
}

#[test]
fn of_sixteen_numbers_one_is_a_long_record_and_one_a_null() {
    for (text, tag) in [("long\n", 0x70), ("entries 0\n", 0x90)] {
        let case = Case::from_text(text).expect("a good text");
        let bytes = case.encode();
        assert_eq!((bytes[0], Case::decode(&bytes)), (tag, case));
        for number in 1..16 {
            let reserved = [&[tag | number], &bytes[1..]].concat();
            assert_eq!(Case::decode(&reserved), Case::default(), "{text} with number {number}");
        }
    }
}

#[test]
fn references_can_be_written_near_the_anchors_only() {
    for refs in ["-128", "-1", "0", "128", "896", "1151", "max-128", "max"] {
        let text = format!("folio a refs={refs}\n");
        let case = Case::from_text(&text).expect("a good text");
        assert_eq!(Case::decode(&case.encode()), case, "{refs}");
    }
    assert_eq!(
        text_error("folio a refs=129"),
        "line 1, column 14: `129` does not belong here; expected -128 to 128, 896 to 1151, or \
         `max-128` to `max`"
    );
}

#[test]
fn items_go_up_down_and_stay() {
    let text = "folio a order=3\nentries a[0..8] a[7..-1] a[2]*3 a !a[1] - @[9..12]\n";
    let case = Case::from_text(text).expect("a good text");
    assert_eq!(case.to_text(), text);
    let short = Case::from_text("folio a\nentries a*3").expect("a good text");
    assert_eq!(short.to_text(), "folio a\nentries a[0]*3\n");
}

#[test]
fn nulls_and_errnos_have_records_of_their_own() {
    let text = "folio a\nentries 0 !a 0*300\nalso-pins a 0\nagain 1..3\n\
                unpin_user_pages earlier=1 errno=14\n\
                unpin_user_pages_dirty_lock make_dirty errno=255\n";
    let case = Case::from_text(text).expect("a good text");
    assert_eq!(case.to_text(), text);
    assert_eq!(decode_canonical(&case.encode()).as_deref(), Ok(&case.records[..]));
    let bytes = case.encode();
    let records = bytes.as_chunks::<8>().0;
    assert_eq!(records[1], [0x90, 0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(records[3], [0x90, 0b11_0010, 0, 0, 0x2c, 1, 0, 0]);
    assert_eq!(records[7], [0xa5, 0, 1, 0, 0, 0, 0xf2, 0xff]);
    assert_eq!(records[8], [0xa6, 0, 0, 0, 0, 0, 0x01, 0xff]);
    // What is held for an entry that repeats a NULL is nothing.
    let world = World::of(&Case::from_text("folio a\nentries 0 a\nagain-pins 0..2").unwrap());
    let backings = [Backing::Null, Backing::Got, Backing::Null, Backing::Pinned];
    assert_eq!(world.entries.iter().map(|entry| entry.backing).collect::<Vec<_>>(), backings);
}

#[test]
fn a_text_is_printed_as_it_is_written_by_hand() {
    let text = "\
folio a order=9 kind=file
folio b dirty locked refs=1
gap 7
entries a[0..512] b a[3]*2
also !b
again 0..2
put_user_pages_dirty_lock
acquire earlier=1
clean a[0..3]
put_user_page slice=2..
put_user_pages slice=2..7
";
    // `also` right after `entries` is printed on its line.
    let printed = text.replace("\nalso", "");
    assert_eq!(Case::from_text(text).expect("a good text").to_text(), printed);
}

#[test]
fn names_may_be_used_before_their_folio_line() {
    let before = Case::from_text("entries a\nfolio a").expect("a good text");
    assert_eq!(before.records.len(), 2);
}

#[test]
fn errors_name_line_and_column_and_what_was_expected() {
    let cases = [
        ("folio a ordr=3", "line 1, column 9: `ordr` does not belong here; expected `order=N`"),
        ("folio a\nfolio a", "line 2, column 7: there is a folio `a` already; expected a new name"),
        ("folio a order=11", "line 1, column 15: 11 is out of range; expected 0 to 10"),
        ("folio a refs=1 refs=2", "line 1, column 16: `refs` is given twice; expected each"),
        (
            "folio a from=kernel",
            "line 1, column 14: `kernel` does not belong here; expected `anon`",
        ),
        ("folio a order=3 from=hugetlb", "line 1, column 9: `order=3` contradicts `from=hugetlb`"),
        ("folio a from=anon kind=file", "line 1, column 19: `kind=file` contradicts `from=anon`"),
        ("folio 1", "line 1, column 7: `1` does not belong here; expected a name"),
        ("folio", "line 1, column 6: something is missing; expected a name"),
        ("gap", "line 1, column 4: something is missing; expected a number of frames"),
        ("folio a\nentries b", "line 2, column 9: there is no folio `b`; expected the name"),
        ("folio a\nentries a[1]", "line 2, column 11: 1 is out of range; expected a page"),
        ("folio a\nentries a[0", "line 2, column 9: `a[0` does not belong here; expected a `]`"),
        ("folio a\nentries a[0..5000]", "line 2, column 9: 5000 entries in one item; expected"),
        ("free a", "line 1, column 1: `free` does not belong here; expected `folio`, `gap`"),
        ("acquire slice=0..1", "line 1, column 9: `slice=0..1` does not belong here; expected"),
        ("folio a\nentries 0x2", "line 2, column 10: `x2` does not belong here; expected `*` and"),
        ("put_user_pages errno=0", "line 1, column 22: 0 is out of range; expected 1 to 255"),
        ("put_user_pages slice=0..1 errno=1", "line 1, column 27: `errno=1` does not belong here"),
        ("# äö\n  again 3..1", "line 2, column 12: 1 is out of range; expected an index"),
    ];
    for (text, expected) in cases {
        let error = text_error(text);
        assert!(error.starts_with(expected), "{text:?}\n   gives {error}\nexpected {expected}");
    }
}

#[test]
fn arbitrary_reads_the_raw_bytes_in_both_forms() {
    use ::arbitrary::{Arbitrary, Unstructured};
    let case = Case::from_text("folio a\nentries a\nput_user_pages").expect("a good text");
    let bytes = case.encode();
    let taken = Case::arbitrary(&mut Unstructured::new(&bytes)).expect("bytes are a case");
    let rest = Case::arbitrary_take_rest(Unstructured::new(&bytes)).expect("bytes are a case");
    assert_eq!((taken, rest), (case.clone(), case));
}

#[test]
fn the_c_decoder_says_what_is_not_canonical() {
    let bytes = [0x20, 0, 5, 0, 0, 0, 0, 0];
    assert_eq!(decode_canonical(&bytes), Err(CanonicalError::NotCanonical(0)));
    assert_eq!(
        decode_canonical(&[0xb0, 0, 0, 0, 0, 0, 0, 0]),
        Err(CanonicalError::ReservedType(0))
    );
    for reserved in [[0x91, 0, 0, 0, 1, 0, 0, 0], [0xa5, 0, 0, 0, 0, 0, 0x00, 0xff]] {
        assert_eq!(decode_canonical(&reserved), Err(CanonicalError::ReservedType(0)));
        assert_eq!(Case::decode(&reserved), Case::default());
    }
    assert_eq!(
        decode_canonical(&[0x71, 0, 0, 0, 0, 0, 0, 0]),
        Err(CanonicalError::ReservedType(0))
    );
    assert_eq!(decode_canonical(&bytes[..7]), Err(CanonicalError::NotWhole));
    assert_eq!(decode_canonical(&[]), Ok(Vec::new()));
}

#[test]
fn minimising_keeps_a_null_or_an_errno_alone() {
    let text = "folio a order=2\nfolio b dirty\ngap 2\nfolio c\npins a[0..3] 0*3 b 0 c\n\
                unpin_user_pages\nunpin_user_pages_dirty_lock errno=200\n";
    let case = Case::from_text(text).expect("a good text");
    let least = |shows: fn(&World) -> bool| {
        let mut shows = |bytes: &[u8]| -> Result<bool, std::convert::Infallible> {
            Ok(shows(&World::of(&Case::decode(bytes))))
        };
        let Ok(bytes) = minimize::minimize(&case.encode(), &mut shows);
        Case::decode(&bytes).to_text()
    };
    let calls_with_null = |world: &World| {
        world.calls().any(|(step, _)| world.entries_at(step).iter().any(world::Entry::is_null))
    };
    assert_eq!(least(calls_with_null), "folio a\nentries 0\nunpin_user_pages\n");
    assert_eq!(least(World::has_errno), "unpin_user_pages_dirty_lock errno=200\n");
}
