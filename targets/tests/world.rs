//! From a case to its world: where wrap-around and limits apply.

use std::ops::Range;

use put_user_page_case::layout::{MAX_FRAMES, MAX_RECORDS};
use put_user_page_case::world::{
    MAX_ARRAYS, MAX_ENTRIES, MAX_LONG_ENTRIES, MAX_TOTAL_ENTRIES, Step, World,
};
use put_user_page_case::{Case, Function};

fn case(text: &str) -> Case {
    Case::from_text(text).expect("a good text")
}

fn world(text: &str) -> World {
    World::of(&case(text))
}

fn frames(world: &World) -> Vec<u16> {
    world.entries.iter().map(|entry| entry.frame).collect()
}

#[test]
fn compound_pages_lie_at_multiples_of_their_size() {
    let world = world("folio a\nfolio b order=2\ngap 1\nfolio c order=1 repeat=2");
    let heads: Vec<usize> = world.layout.places.iter().map(|place| place.frame).collect();
    assert_eq!(heads, [0, 4, 10, 12]);
    assert_eq!((world.layout.frames(), world.layout.pages()), (14, 9));
}

#[test]
fn a_gap_at_the_end_is_no_part_of_the_map() {
    assert_eq!(world("folio a\ngap 5").layout.frames(), 1);
}

#[test]
fn pages_are_numbered_without_gaps() {
    let world = world("folio a\ngap 3\nfolio b\nentries @[0..2]");
    assert_eq!(frames(&world), [0, 4]);
}

#[test]
fn ranges_wrap_around_both_ends_of_the_world() {
    let world = world("folio a order=1\nentries @[1..4] @[0..-3] @[65535]");
    assert_eq!(frames(&world), [1, 0, 1, 0, 1, 0, 1]);
}

#[test]
fn compound_pages_beyond_the_last_frame_are_left_out() {
    let world = world("folio a order=10 repeat=9\nfolio b");
    assert_eq!(world.layout.places.len(), 8);
    assert_eq!(world.layout.frames(), MAX_FRAMES);
    // A world that is full but for a gap still has room for small pages in front of it.
    let smaller = self::world("folio a order=10 repeat=7\nfolio b\nfolio c order=10\nfolio d");
    assert_eq!(smaller.layout.places.len(), 9);
}

#[test]
fn without_pages_there_are_no_entries() {
    let world = world("entries @[3..9]\nput_user_pages");
    assert!(world.entries.is_empty());
    assert_eq!(world.calls().count(), 1);
}

#[test]
fn an_array_is_cut_at_its_limit() {
    let world = world("folio a\nentries a*4000 a*4000");
    assert_eq!(world.arrays[0].len(), MAX_ENTRIES);
}

#[test]
fn all_arrays_together_are_cut_at_their_limit() {
    let world = world(&format!("folio a\n{}", "entries a*4000\n".repeat(6)));
    assert_eq!(world.entries.len(), MAX_TOTAL_ENTRIES);
    assert_eq!(world.arrays.len(), 6);
}

#[test]
fn arrays_beyond_the_limit_are_left_out() {
    let world = world(&format!("folio a\n{}", "entries a\n".repeat(MAX_ARRAYS + 3)));
    assert_eq!(world.arrays.len(), MAX_ARRAYS);
}

#[test]
fn releases_are_cut_at_their_limit() {
    let calls = "put_user_pages\n".repeat(6);
    let world = world(&format!("folio a\nentries a*4000\n{calls}"));
    assert_eq!(releases(&world), MAX_TOTAL_ENTRIES);
}

/// How many entries all calls release, as records wrote them.
fn releases(world: &World) -> usize {
    let of_step = |step: &Step| match step {
        Step::Call { entries, .. } => entries.len(),
        _ => 0,
    };
    world.steps.iter().map(of_step).sum()
}

#[test]
fn a_long_record_raises_the_limits_from_there_on() {
    let many = " a*4000".repeat(21);
    let before = world(&format!("folio a\nentries{many}\nlong\nput_user_pages"));
    assert_eq!(before.arrays[0].len(), MAX_ENTRIES);
    let calls = "put_user_pages\n".repeat(2);
    let after = world(&format!("folio a\nlong\nentries{many}\nentries a\n{calls}"));
    assert_eq!(after.arrays[0].len(), MAX_LONG_ENTRIES);
    assert_eq!(after.arrays[1].len(), 0, "all arrays together have no more");
    assert_eq!(after.entries.len(), MAX_LONG_ENTRIES);
    assert_eq!(after.steps.last(), Some(&call_on(1, 0..0)));
    let after = world(&format!("folio a\nlong\nentries{many}\n{calls}"));
    assert_eq!(releases(&after), MAX_LONG_ENTRIES);
    // 65,536 entries of slices, which 16 bits cannot say.
    let slice = world(&format!("folio a\nlong\nentries{many}\nput_user_pages slice=9..65544"));
    assert_eq!(slice.steps.last(), Some(&call_on(0, 9..65_544)));
}

fn call_on(array: usize, entries: Range<usize>) -> Step {
    Step::Call { function: Function::PutUserPages, array: Some(array), entries, errno: None }
}

#[test]
fn records_beyond_the_limit_do_not_count() {
    let statements = "put_user_pages\n".repeat(MAX_RECORDS + 5);
    assert_eq!(world(&format!("folio a\n{statements}")).calls().count(), MAX_RECORDS);
    let folios: String = (0..MAX_RECORDS + 5).map(|number| format!("folio f{number}\n")).collect();
    assert_eq!(world(&folios).layout.places.len(), MAX_RECORDS);
}

#[test]
fn refs_leave_room_for_the_owner_and_every_backed_entry() {
    let world = world("folio a refs=max\nfolio b refs=max-9\nentries a[0]*5 !a b");
    assert_eq!(world.folios[0].refs, i32::MAX - 1 - 5);
    assert_eq!(world.folios[1].refs, i32::MAX - 9);
}

#[test]
fn the_holder_of_a_lock_has_a_reference() {
    assert_eq!(world("folio a locked").folios[0].refs, 1);
    assert_eq!(world("folio a locked refs=3").folios[0].refs, 3);
}

#[test]
fn a_mapping_has_a_reference() {
    assert_eq!(world("folio a from=anon").folios[0].refs, 1);
    assert_eq!(world("folio a from=file locked").folios[0].refs, 1);
    assert_eq!(world("folio a from=memfd refs=3").folios[0].refs, 3);
}

#[test]
fn a_kernels_orders_give_the_same_pages_and_numbers() {
    let case = case(
        "folio a\nfolio b order=9 from=hugetlb repeat=2\nfolio c order=2\n\
         folio d order=3 from=anon\nfolio e order=2 from=memfd\nfolio f\nentries @[0..1100]",
    );
    let (before, after) = (World::of(&case), World::of(&case.with_orders(&[0, 3, 1])));
    assert_eq!(after.layout.places.len(), 1 + 1024 + 1 + 1 + 2 + 1);
    assert_eq!(after.layout.pages(), before.layout.pages());
    assert_eq!(after.entries.len(), before.entries.len());
    for page in 0..before.layout.pages() {
        assert_eq!(after.layout.group_of_page(page), before.layout.group_of_page(page));
    }
    // The compound pages of order 9 left a gap before them, and those of order 0 do not.
    assert_eq!((before.layout.places[1].frame, after.layout.places[1].frame), (512, 1));
}

#[test]
fn a_kernels_orders_make_no_room_for_pages_that_were_left_out() {
    let case = case(
        "folio a\nfolio b order=9 from=anon repeat=14\ngap 100\nfolio c order=9\nfolio d\n\
         entries @[0..4000]",
    );
    let (before, after) = (World::of(&case), World::of(&case.with_orders(&[0])));
    assert_eq!(before.layout.pages(), 1 + 14 * 512 + 1);
    assert_eq!(after.layout.pages(), before.layout.pages());
    assert_eq!(after.layout.pages_of_group(2), Some((1 + 14 * 512, 0)));
    assert_eq!(after.layout.pages_of_group(3), before.layout.pages_of_group(3));
}

#[test]
fn without_other_orders_a_case_keeps_its_world() {
    let case = case("folio a order=10 from=anon repeat=9\nfolio b from=file\nentries @[0..9]");
    let before = World::of(&case);
    for orders in [&[][..], &[10], &[10, 4]] {
        let after = World::of(&case.with_orders(orders));
        assert_eq!(after.layout.places, before.layout.places);
        assert_eq!((after.folios, after.entries), (before.folios.clone(), before.entries.clone()));
    }
}

#[test]
fn owners_drop_their_references_before_the_first_call() {
    let is_drop = |step: &Step| *step == Step::DropOwners;
    let with_call = world("folio a\nentries a\nput_user_pages\nentries a");
    assert_eq!(with_call.steps.iter().position(is_drop), Some(1));
    let without = world("folio a\nentries a");
    assert_eq!(without.steps.iter().position(is_drop), Some(1));
}

#[test]
fn arrays_and_slices_are_taken_modulo_what_there_is() {
    let world = world(
        "folio a order=3\nentries a\nentries a[0..8]\n\
         put_user_pages earlier=3 slice=5..9\nput_user_pages slice=9..12",
    );
    let calls: Vec<_> =
        world.steps.iter().filter(|step| matches!(step, Step::Call { .. })).collect();
    assert_eq!(calls, [&call_on(0, 0..1), &call_on(1, 1..4)]);
}
