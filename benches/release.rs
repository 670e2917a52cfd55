//! Releasing an array in one call against releasing it entry by entry, as a ratio: both are
//! measured in turn in one run, so that a noisy machine is noisy for both.
//!
//! `cargo bench --bench release`

use std::hint::black_box;
use std::time::{Duration, Instant};

use put_user_page::{MemoryMap, Page, PageRef, get_user_pages, put_user_page, put_user_pages};

const ENTRIES: usize = 4096;
const ROUNDS: usize = 401;

/// A way to release all entries, each of which has a reference.
type Release = fn(&[PageRef<'_>]);

fn in_one_call(entries: &[PageRef<'_>]) {
    put_user_pages(entries, &()).expect("every entry has a reference");
}

fn entry_by_entry(entries: &[PageRef<'_>]) {
    for &entry in entries {
        put_user_page(entry, &()).expect("every entry has a reference");
    }
}

fn time(release: Release, entries: &[PageRef<'_>]) -> Duration {
    assert_eq!(get_user_pages(entries), entries.len());
    let start = Instant::now();
    release(black_box(entries));
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The medians of both ways, in turn, for pages of an order that are named in order.
fn measure(order: u32) -> (Duration, Duration) {
    let mut pages: Vec<Page> = (0..ENTRIES).map(|_| Page::new()).collect();
    let map = MemoryMap::new(&mut pages);
    for frame in (0..ENTRIES).step_by(1 << order) {
        let head = map.prep_compound_page(frame, order).expect("the frame is aligned");
        head.set_refcount(1);
    }
    let entries: Vec<PageRef<'_>> = (0..ENTRIES).filter_map(|frame| map.page(frame)).collect();
    let (one, each) =
        (0..ROUNDS).map(|_| (time(in_one_call, &entries), time(entry_by_entry, &entries))).unzip();
    (median(one), median(each))
}

fn main() {
    println!("{ENTRIES} entries, hot in cache, medians of {ROUNDS} rounds");
    println!("order   ns/entry in one call   ns/entry one by one   one by one / in one call");
    for order in [0, 1, 2, 4, 9, 10] {
        let (one, each) = measure(order);
        let per_entry = |time: Duration| time.as_nanos() as f64 / ENTRIES as f64;
        let ratio = each.as_secs_f64() / one.as_secs_f64();
        let (one, each) = (per_entry(one), per_entry(each));
        println!("{order:>5}   {one:>20.2}   {each:>19.2}   {ratio:>24.1}");
    }
}
