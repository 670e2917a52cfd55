//! What docs/case-format.md and docs/model.md say of cases that a reader could take in two ways:
//! each sentence with a case that comes out differently if it changes.

use put_user_page_case::world::{MAX_TOTAL_ENTRIES, Step, World};
use put_user_page_case::{Case, Function};
use put_user_page_targets::backends::naive;
use put_user_page_targets::harness::Harness;
use put_user_page_targets::outcome::{EventKind, FolioState, Outcome};
use put_user_page_targets::registry::TARGETS;
use put_user_page_targets::trial::Trial;

fn case(text: &str) -> Case {
    Case::from_text(text).expect("a good text")
}

fn world(text: &str) -> World {
    World::of(&case(text))
}

/// What the reference leaves behind.
fn outcome(text: &str) -> Outcome {
    naive().run_world(&world(text), None).clone()
}

fn steps(text: &str) -> Vec<Step> {
    world(text).steps
}

fn refcount(outcome: &Outcome, folio: usize) -> Option<i32> {
    outcome.folios[folio].refcount()
}

#[test]
fn frames_end_with_the_last_page_and_smaller_pages_may_still_fit() {
    let full = world(
        "gap 1023\ngap 1023\ngap 1023\ngap 1023\ngap 1023\ngap 1023\ngap 1023\ngap 1023\nfolio a order=4\nfolio b order=3",
    );
    assert_eq!(full.layout.places.iter().map(|place| place.frame).collect::<Vec<_>>(), [8184]);
    let clipped = world(&format!("{}folio a", "gap 1023\n".repeat(9)));
    assert_eq!((clipped.layout.frames(), clipped.layout.pages()), (0, 0));
}

#[test]
fn reserved_records_are_not_counted() {
    let mut bytes = [0xf0, 0, 0, 0, 0, 0, 0, 0].repeat(2000);
    bytes.extend(case("folio a\nentries a\nput_user_pages").encode());
    assert_eq!(World::of(&Case::decode(&bytes)).steps.len(), 3);
}

#[test]
fn also_without_an_array_makes_one() {
    assert_eq!(world("folio a\nalso a a").arrays.first(), Some(&(0..2)));
}

#[test]
fn what_is_added_after_the_64th_array_goes_to_it() {
    let arrays = "entries a\n".repeat(64);
    let world = world(&format!("folio a\n{arrays}entries a*7\nalso a\nagain 0..2\n"));
    assert_eq!(world.arrays.len(), 64);
    assert_eq!(world.arrays[63].len(), 4);
}

#[test]
fn references_are_one_budget_for_filling_and_acquiring_unbacked_entries_counted() {
    let fills = "entries !a*4000\nacquire\n".repeat(2);
    // 16,000 are asked for. An acquire of 400 is too many, and entries are cut.
    let world = world(&format!("folio a\n{fills}entries a*200\nacquire\nacquire\n"));
    let asked: usize = world
        .steps
        .iter()
        .map(|step| match step {
            Step::Fill { entries, .. } => entries.len(),
            Step::Acquire { array } => world.arrays[*array].len(),
            _ => 0,
        })
        .sum();
    assert_eq!(asked, 16_200);
    let last = self::world(&format!("folio a\n{fills}entries a*400\nacquire\n"));
    assert_eq!(last.arrays[2].len(), MAX_TOTAL_ENTRIES - 16_000);
    assert_eq!(last.steps.iter().filter(|step| matches!(step, Step::Acquire { .. })).count(), 2);
}

#[test]
fn some_records_are_no_steps() {
    let owners_drop = [Step::DropOwners];
    assert_eq!(steps("folio a\nagain 0..3"), owners_drop);
    assert_eq!(steps("folio a\nacquire"), owners_drop);
    assert_eq!(steps("clean @[0..3]"), owners_drop);
    assert_eq!(steps("folio a\nclean a[0..0]"), owners_drop);
    let empty = Step::Fill { array: 0, entries: 0..0 };
    assert_eq!(steps("folio a\nentries"), [empty.clone(), Step::DropOwners]);
    assert_eq!(steps("folio a\nentries\nagain 0..3"), [empty, Step::DropOwners]);
}

#[test]
fn slices_are_taken_of_the_array_as_written_and_run_on_what_is_left() {
    // b is free once its owner is gone: the second array ends before it.
    let text = "folio a refs=9\nfolio b\nput_user_pages\nentries a a b a\n\
                put_user_pages slice=1..4\nput_user_pages slice=5..6\n";
    let world = world(text);
    let calls: Vec<_> = world
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::Call { entries, .. } => Some(entries.clone()),
            _ => None,
        })
        .collect();
    // Entry 5 of an array of four is entry 1, not entry 1 of what is left of it by chance.
    assert_eq!(calls, [0..0, 1..4, 1..2]);
    let outcome = outcome(text);
    assert_eq!(outcome.acquired, [1, 2, 2, 2]);
    assert_eq!((outcome.errors.as_slice(), refcount(&outcome, 0)), (&[None; 3][..], Some(9)));
}

#[test]
fn clean_does_not_wrap() {
    let text = "folio a dirty refs=1\nfolio b dirty refs=1\nfolio c dirty refs=1\nclean @[4..9]";
    let dirty: Vec<_> = outcome(text).folios.iter().map(FolioState::dirty).collect();
    assert_eq!(dirty, [Some(true), Some(false), Some(false)]);
}

#[test]
fn refs_are_lowered_by_the_pages_own_entries_and_the_sum_may_be_the_largest_count() {
    let text = "folio a refs=max\nfolio b refs=max\nentries a*5 b !b";
    let world = world(text);
    assert_eq!(world.folios[0].refs, i32::MAX - 6);
    assert_eq!(world.folios[1].refs, i32::MAX - 2);
    // Nothing was refused, and the owner's is gone.
    let outcome = outcome(text);
    assert_eq!(outcome.acquired, [5, 6, 7]);
    assert_eq!(refcount(&outcome, 0), Some(i32::MAX - 1));
}

#[test]
fn owners_drop_at_the_end_where_there_is_no_call() {
    let outcome = outcome("folio a\nfolio b\nentries a");
    assert_eq!((refcount(&outcome, 0), outcome.folios[1]), (Some(1), FolioState::Free));
}

#[test]
fn again_says_by_itself_what_is_backed() {
    let outcome = outcome("folio a refs=9\nentries !a\nagain 0..1\nagain !0..1\nput_user_page");
    // One of three took a reference, and three dropped one.
    assert_eq!(refcount(&outcome, 0), Some(7));
}

#[test]
fn a_fill_of_an_array_that_was_cut_short_adds_nothing_and_is_told() {
    let outcome = outcome("folio a refs=1\nfolio b\nput_user_pages\nentries a b\nalso a\n");
    assert_eq!((outcome.acquired.as_slice(), refcount(&outcome, 0)), (&[1, 1, 1][..], Some(2)));
}

#[test]
fn acquire_takes_references_for_backed_entries() {
    let outcome = outcome("folio a refs=1\nentries a !a a\nacquire");
    assert_eq!(refcount(&outcome, 0), Some(5));
}

#[test]
fn events_of_a_page_come_in_this_order() {
    let text = "folio a locked\nentries a\nput_user_pages_dirty_lock\nentries !a\nput_user_page";
    let events: Vec<_> =
        outcome(text).events.iter().map(|event| (event.kind, event.refcount, event.call)).collect();
    use EventKind::{Dirty, Free, Lock, Unlock, Wait};
    let marked = [Wait, Lock, Dirty, Unlock].map(|kind| (kind, 2, 0));
    assert_eq!(events, [&marked[..], &[(Free, 0, 1)]].concat());
}

#[test]
fn a_target_for_one_function_makes_all_calls_its_own() {
    let bytes = case("folio a\nentries a\nput_user_pages_dirty\nacquire\nput_user_page").encode();
    for target in &TARGETS {
        let called = Function::ALL.iter().find(|function| function.name() == target.name);
        let world = World::of(&Harness::case(target, &bytes));
        let functions: Vec<_> = world.calls().map(|(_, function)| function).collect();
        let expected = match called {
            Some(&function) => [function; 2],
            None => [Function::PutUserPagesDirty, Function::PutUserPage],
        };
        assert_eq!(functions, expected, "{}", target.name);
    }
}

/// Whether a case reaches a named state.
fn reaches(text: &str, state: &str) -> bool {
    Trial::of(&case(text), &mut naive()).states().contains(state)
}

#[test]
fn states_about_arrays_are_of_arrays_as_they_became() {
    let whole = "folio a refs=9\nfolio b\nput_user_pages\nentries a a\nalso b\nput_user_pages";
    assert!(!reaches(whole, "slice-of-an-array"));
    assert!(reaches(&format!("{whole} slice=1..2"), "slice-of-an-array"));
    let late = "folio a refs=9\nentries a a\nput_user_pages\nagain 0..2";
    assert!(!reaches(late, "slice-of-an-array"));
    // b is never had, so that neither call has an entry.
    let nothing = "folio b\nput_user_pages\nentries b\nput_user_pages\nput_user_pages";
    assert!(!reaches(nothing, "array-reused"));
}

#[test]
fn states_about_entries_are_of_entries_that_were_released() {
    // The page runs out of references before the entry that the state is about.
    for (state, before, about) in [
        ("descending", "a[3]", "!a[2]"),
        ("heads-and-tails", "a[3]", "!a"),
        ("same-page", "a[3] a[2]", "!a[2]"),
        ("unbacked-released", "a a", "!a"),
    ] {
        let case = |entries: &str| format!("folio a order=2\nentries {entries}\nput_user_pages");
        assert!(!reaches(&case(&format!("{before} {about}")), state), "{state}");
        let released = format!("{before} {}", about.trim_start_matches('!'));
        let expected = state != "unbacked-released";
        assert_eq!(reaches(&case(&released), state), expected, "{state}");
    }
    assert!(reaches("folio a refs=1\nentries a !a\nput_user_pages", "unbacked-released"));
    let alone = |order| format!("folio a\nfolio b order={order}\nentries a b\nput_user_pages");
    assert!(!reaches(&alone(0), "either-side-of-a-gap"));
    assert!(reaches(&alone(2), "either-side-of-a-gap"));
    // With a page in the gap it is none.
    let page = "folio a\nfolio c\nfolio b order=2\nentries a b\nput_user_pages";
    assert!(!reaches(page, "either-side-of-a-gap"));
}
