//! unpin_user_pages() and unpin_user_pages_dirty_lock() beside the kernel's batching in C,
//! `pins.c`: each has its turn in each round.

use std::hint::black_box;
use std::time::{Duration, Instant};

use put_user_page::{PageRef, unpin_user_pages_dirty_lock};

use crate::pages::{Array, Pages};
use crate::workload::MILLION;

unsafe extern "C" {
    fn unpin_all_v5_13(pages: *const PageRef<'static>, npages: usize, make_dirty: bool);
    fn unpin_all_v6_12(pages: *const PageRef<'static>, npages: usize, make_dirty: bool);
}

/// Who is measured, in the order of [`measure`]'s times.
pub const NAMES: [&str; 3] = ["v5.13", "v6.12", "ours"];

/// As many for a million entries as there is time for.
const fn rounds(entries: usize) -> usize {
    if entries >= MILLION { 15 } else { 301 }
}

fn release(who: usize, array: &Array, make_dirty: bool) {
    let entries = black_box(&array.entries[..]);
    // SAFETY: an array of so many pages, which have pins enough; what is read of their neighbours
    // is of the same map.
    let in_c = |peer: unsafe extern "C" fn(*const PageRef<'static>, usize, bool)| unsafe {
        peer(entries.as_ptr(), entries.len(), make_dirty);
    };
    match who {
        0 => in_c(unpin_all_v5_13),
        1 => in_c(unpin_all_v6_12),
        _ => unpin_user_pages_dirty_lock(entries, make_dirty, &()).expect("every entry has a pin"),
    }
}

/// Nanoseconds an entry of the fastest round, of each. Pages are clean before each call that marks.
pub fn measure(pages: &Pages, make_dirty: bool) -> [f64; NAMES.len()] {
    let calls = (4096 / pages.entries).max(1);
    let (resets, calls_a_reset) = if make_dirty { (calls, 1) } else { (1, calls) };
    let mut least = [f64::INFINITY; NAMES.len()];
    for round in 0..rounds(pages.entries) {
        for turn in 0..NAMES.len() {
            let who = (turn + round) % NAMES.len();
            let mut time = Duration::ZERO;
            for _ in 0..resets {
                pages.reset();
                let start = Instant::now();
                for _ in 0..calls_a_reset {
                    pages.arrays.iter().for_each(|array| release(who, array, make_dirty));
                }
                time += start.elapsed();
            }
            least[who] = least[who].min(time.as_nanos() as f64 / (calls * pages.entries) as f64);
        }
    }
    least
}
