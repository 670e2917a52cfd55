//! Arrays to release: which pages they name, and how the compound pages lie.

use fastrand::Rng;

use crate::shape::Stretch;

/// Entries of an array that is out of every cache.
pub const MILLION: usize = 1 << 20;

/// Entries of each thread's array.
const THREADS_SHARE: usize = 1 << 14;

/// Which pages an array names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Those of compound pages of this order, one after the other.
    All(u32),
    /// Pages of order 0, at random.
    Random,
    /// Two compound pages of this order, by turns.
    Turns(u32),
    /// Pages of many orders, as a fragmented heap has them.
    Mixed,
    /// One page of order 0, again and again.
    Same,
    /// In each thread those of one compound page, the same in all.
    Shared,
}

/// Where the pages are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// In the first or second cache.
    Hot,
    /// Out of the second cache.
    Million,
}

/// Compound pages and arrays of entries.
#[derive(Clone, Debug)]
pub struct Workload {
    /// What tables and plots call it.
    pub name: String,
    /// Which pages.
    pub order: Order,
    /// Where they are.
    pub size: Size,
    /// How many page frames the memory map has.
    pub frames: usize,
    /// Each compound page's first frame and order.
    pub folios: Vec<(usize, u32)>,
    /// The frames that entries name, of each array.
    pub arrays: Vec<Vec<usize>>,
    /// Whether each array is a thread's; else one thread releases them one after the other.
    pub threads: bool,
}

/// All of them.
pub fn all() -> Vec<Workload> {
    let mut all = vec![short(), in_order(0, 256), in_order(0, MILLION), at_random()];
    for order in [1, 2, 3, 4, 6, 9, 10] {
        all.extend([512.max(1 << order), MILLION].map(|entries| in_order(order, entries)));
    }
    // A 1 GiB page of hugetlb: a few entries of it, which lie far from each other, all, and four.
    all.extend([a_few_of_a_giant(), in_order(18, 1 << 18), in_order(18, MILLION)]);
    all.extend([9, 0].map(by_turns));
    all.extend([mixed(), recorded()]);
    all.push(again_and_again());
    for threads in [2, 4] {
        all.extend([shared(threads), apart(threads)]);
    }
    all
}

/// Those whose instructions are counted: in one array, and small.
pub fn counted() -> Vec<Workload> {
    let in_order = [1, 2, 3, 4, 6, 9].map(|order| in_order(order, 512));
    let others = [self::in_order(0, 256), by_turns(0), by_turns(9), again_and_again()];
    in_order.into_iter().chain(others).collect()
}

/// Of so many entries, of pages of this order, one after the other.
pub fn in_order(order: u32, entries: usize) -> Workload {
    let (size, of) = if entries == MILLION {
        (Size::Million, "a million".to_owned())
    } else {
        (Size::Hot, format!("{entries} hot"))
    };
    let folios = vec![order; entries.div_ceil(1 << order)];
    let workload = side_by_side(format!("order {order}, {of}"), Order::All(order), size, &folios);
    Workload { arrays: vec![(0..entries).collect()], ..workload }
}

/// Compound pages of these orders one after the other, each aligned; no entries.
fn side_by_side(name: String, order: Order, size: Size, orders: &[u32]) -> Workload {
    let (mut frames, mut folios) = (0_usize, Vec::new());
    for &order in orders {
        frames = frames.next_multiple_of(1 << order);
        folios.push((frames, order));
        frames += 1 << order;
    }
    Workload { name, order, size, frames, folios, arrays: Vec::new(), threads: false }
}

/// Sixteen arrays of sixteen pages, for one alone takes no longer than to look at the clock.
fn short() -> Workload {
    let arrays = (0..16).map(|array| (16 * array..16 * (array + 1)).collect()).collect();
    Workload { name: "order 0, 16 hot".to_owned(), arrays, ..in_order(0, 256) }
}

/// A million pages of order 0, each somewhere else.
pub fn at_random() -> Workload {
    let mut workload = in_order(0, MILLION);
    Rng::with_seed(1).shuffle(&mut workload.arrays[0]);
    Workload { name: "order 0, a million, random".to_owned(), order: Order::Random, ..workload }
}

fn a_few_of_a_giant() -> Workload {
    let entries = (0..512).map(|entry| entry << 9).collect();
    Workload {
        name: "order 18, 512 hot".to_owned(),
        size: Size::Hot,
        arrays: vec![entries],
        ..in_order(18, 1 << 18)
    }
}

fn by_turns(order: u32) -> Workload {
    let page = |entry: usize| ((entry % 2) << order) + (entry / 2) % (1 << order);
    let name = format!("A,B,A,B of order {order}");
    let workload = side_by_side(name, Order::Turns(order), Size::Hot, &[order; 2]);
    Workload { arrays: vec![(0..256).map(page).collect()], ..workload }
}

fn mixed() -> Workload {
    let mut rng = Rng::with_seed(2);
    let (mut orders, mut pages) = (Vec::new(), 0);
    while pages < MILLION {
        let order = match rng.u8(..100) {
            0..60 => 0,
            60..80 => rng.u32(1..=3),
            80..98 => rng.u32(4..=6),
            _ => 9,
        };
        orders.push(order);
        pages += 1 << order;
    }
    let name = "orders 0 to 9, a million".to_owned();
    let workload = side_by_side(name, Order::Mixed, Size::Million, &orders);
    let pages_of = |&(frame, order): &(usize, u32)| frame..frame + (1 << order);
    let entries = workload.folios.iter().flat_map(pages_of).collect();
    Workload { arrays: vec![entries], ..workload }
}

/// What get_user_pages() gave for a process's heap.
fn recorded() -> Workload {
    let stretches = Stretch::read(include_str!("../shapes/heap.txt"))
        .expect("shapes/heap.txt is of lines of three numbers");
    let mut folios: Vec<(usize, u32)> = stretches
        .iter()
        .flat_map(|stretch| stretch.frames().map(|frame| (frame, stretch.order)))
        .map(|(frame, order)| (frame >> order << order, order))
        .collect();
    folios.sort_unstable();
    folios.dedup();
    Workload {
        name: "a recorded heap".to_owned(),
        order: Order::Mixed,
        size: Size::Million,
        frames: folios.iter().map(|(frame, order)| frame + (1 << order)).max().unwrap_or(0),
        folios,
        arrays: vec![stretches.iter().flat_map(Stretch::frames).collect()],
        threads: false,
    }
}

fn again_and_again() -> Workload {
    let name = "one page, 256 times".to_owned();
    let workload = side_by_side(name, Order::Same, Size::Hot, &[0]);
    Workload { arrays: vec![vec![0; 256]], ..workload }
}

fn shared(threads: usize) -> Workload {
    let name = format!("{threads} threads, one order 9");
    let workload = side_by_side(name, Order::Shared, Size::Hot, &[9]);
    let entries: Vec<usize> = (0..THREADS_SHARE).map(|entry| entry % 512).collect();
    Workload { arrays: vec![entries; threads], threads: true, ..workload }
}

fn apart(threads: usize) -> Workload {
    let share = |thread| (THREADS_SHARE * thread..THREADS_SHARE * (thread + 1)).collect();
    Workload {
        name: format!("{threads} threads, their own"),
        size: Size::Million,
        arrays: (0..threads).map(share).collect(),
        threads: true,
        ..in_order(0, THREADS_SHARE * threads)
    }
}
