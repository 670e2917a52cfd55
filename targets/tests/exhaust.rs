//! Small cases find mistakes, and the first that is told is the smallest.

use put_user_page::{Page, PageRef};
use put_user_page_case::Function;
use put_user_page_case::small::{Bound, Released, Runs, Shapes, every, runs};
use put_user_page_targets::backend::Backend;
use put_user_page_targets::backends::{
    InProcess, PageMap, Recorder, Release, fast, fast_in_small_blocks, fast_unhooked,
};
use put_user_page_targets::exhaust::{Exhaust, First};
use put_user_page_targets::profiles::Profile;
use put_user_page_watched::release;

/// One call on arrays of up to so many entries, of two pages.
fn small(entries: u8) -> Shapes {
    let released = Released::References;
    every(Bound { calls: 1, pages: 2, order: 1, entries, spare: 1, released })
}

fn first(shapes: &Shapes, backend: impl Backend + 'static) -> Option<First> {
    Exhaust::new(vec![Box::new(backend)], 32).run(shapes, 0..shapes.cases()).unwrap()
}

#[test]
fn nothing_differs_before_the_first() {
    let shapes = small(3);
    let mut exhaust = Exhaust::new(vec![Box::new(skips_one::<2>())], 7);
    let found = exhaust.run(&shapes, 0..shapes.cases()).unwrap().expect("it is found");
    assert_eq!(found.divergence.case, Some(shapes.case(found.number)));
    assert!(exhaust.run(&shapes, 0..found.number).unwrap().is_none());
    let again = exhaust.run(&shapes, found.number..found.number + 1).unwrap().unwrap();
    assert_eq!(again.number, found.number);
}

#[test]
fn cases_that_a_backend_does_not_run_are_counted() {
    let shapes = small(2);
    let mut exhaust = Exhaust::new(
        vec![
            Box::new(fast_in_small_blocks(Profile::newest())),
            Box::new(fast_unhooked(Profile::newest())),
        ],
        32,
    );
    assert!(exhaust.run(&shapes, 0..shapes.cases()).unwrap().is_none());
    let skipped: Vec<_> = exhaust.skipped().map(|(name, skipped)| (name, skipped.len())).collect();
    assert_eq!(skipped, [("fast-small-blocks", 0), ("fast-unhooked", 1)]);
}

/// A release that looks at runs in blocks of `BLOCK` entries after the first, and of each block
/// does not look at the first.
struct SkipsOneOfABlock<const BLOCK: usize>;

impl<const BLOCK: usize> SkipsOneOfABlock<BLOCK> {
    fn run(pages: &[PageRef<'static>]) -> usize {
        let head = pages[0].compound_head();
        let span = size_of::<Page>() << head.compound_order();
        let lies_within = |page: &PageRef<'_>| page.addr().wrapping_sub(head.addr()) < span;
        let (blocks, _) = pages[1..].as_chunks::<BLOCK>();
        let accepts = |block: &&[PageRef<'_>; BLOCK]| block[1..].iter().all(lies_within);
        let run = 1 + BLOCK * blocks.iter().take_while(accepts).count();
        run + pages[run..].iter().take_while(|page| lies_within(page)).count()
    }
}

impl<const BLOCK: usize> Release for SkipsOneOfABlock<BLOCK> {
    fn release(
        &mut self,
        function: Function,
        pages: &[PageRef<'static>],
        recorder: &Recorder,
    ) -> Option<usize> {
        let mut start = 0;
        while start < pages.len() {
            let run = Self::run(&pages[start..]);
            let entries = vec![pages[start]; run];
            if let Some(entry) = release(function, &recorder.map(), &entries, recorder) {
                return Some(start + entry);
            }
            start += run;
        }
        None
    }
}

fn skips_one<const BLOCK: usize>() -> InProcess<PageMap<SkipsOneOfABlock<BLOCK>>> {
    let profile = Profile::newest();
    InProcess::new("skips-one", PageMap::new(SkipsOneOfABlock, profile), profile)
}

#[test]
fn an_entry_that_a_small_block_skips_is_found_with_three_entries() {
    let shapes = small(3);
    let found = first(&shapes, skips_one::<2>()).expect("it is found");
    assert_eq!(found.divergence.world.entries.len(), 3);
    assert_eq!(found.divergence.world.layout.pages(), 2);
}

/// Blocks as they ship are beyond every array that is small: the runs reach them.
#[test]
fn an_entry_that_a_large_block_skips_is_found_in_a_long_run() {
    let small = small(3);
    let long = runs(&Runs { entries: 15..=35, orders: vec![3], released: Released::References });
    assert!(first(&small, skips_one::<16>()).is_none());
    assert!(first(&long, skips_one::<16>()).is_some());
    let longer = runs(&Runs { entries: 60..=80, orders: vec![3], released: Released::References });
    assert!(first(&long, skips_one::<64>()).is_none());
    assert!(first(&longer, skips_one::<64>()).is_some());
}

#[test]
fn every_branch_of_the_fast_implementation_is_right_in_small_blocks() {
    let shapes = small(5);
    assert!(first(&shapes, fast_in_small_blocks(Profile::newest())).is_none());
    let long = runs(&Runs { entries: 15..=35, orders: vec![0, 3], released: Released::References });
    assert!(first(&long, fast(Profile::newest())).is_none());
}
