//! Arrays to release: which pages they name, and how the compound pages lie.

use fastrand::Rng;

/// Entries of an array that is out of every cache.
const MILLION: usize = 1 << 20;

/// Which pages an array names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
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
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// In the first cache.
    Hot,
    /// Out of the second cache.
    Million,
}

/// Compound pages and an array of entries.
pub(crate) struct Workload {
    pub(crate) name: String,
    pub(crate) order: Order,
    pub(crate) size: Size,
    /// Each compound page's order; they lie one after the other, aligned.
    pub(crate) folios: Vec<u32>,
    /// The page that each entry names, by its number.
    pub(crate) entries: Vec<usize>,
}

/// All of them.
pub(crate) fn all() -> Vec<Workload> {
    let mut all = vec![in_order(0, 16), in_order(0, 256), in_order(0, MILLION), at_random()];
    for order in [1, 2, 3, 4, 6, 9, 10] {
        all.extend([512.max(1 << order), MILLION].map(|entries| in_order(order, entries)));
    }
    // A 1 GiB page of hugetlb.
    all.push(in_order(18, 1 << 18));
    all.extend([9, 0].map(by_turns));
    all.push(mixed());
    all.push(Workload {
        name: "one page, 256 times".to_owned(),
        order: Order::Same,
        size: Size::Hot,
        folios: vec![0],
        entries: vec![0; 256],
    });
    all
}

fn in_order(order: u32, entries: usize) -> Workload {
    let (size, of) = if entries == MILLION {
        (Size::Million, "a million".to_owned())
    } else {
        (Size::Hot, format!("{entries} hot"))
    };
    Workload {
        name: format!("order {order}, {of}"),
        order: Order::All(order),
        size,
        folios: vec![order; entries.div_ceil(1 << order)],
        entries: (0..entries).collect(),
    }
}

fn at_random() -> Workload {
    let mut workload = in_order(0, MILLION);
    Rng::with_seed(1).shuffle(&mut workload.entries);
    Workload { name: "order 0, a million, random".to_owned(), order: Order::Random, ..workload }
}

fn by_turns(order: u32) -> Workload {
    let page = |entry: usize| ((entry % 2) << order) + (entry / 2) % (1 << order);
    Workload {
        name: format!("A,B,A,B of order {order}"),
        order: Order::Turns(order),
        size: Size::Hot,
        folios: vec![order; 2],
        entries: (0..256).map(page).collect(),
    }
}

fn mixed() -> Workload {
    let mut rng = Rng::with_seed(2);
    let (mut folios, mut pages) = (Vec::new(), 0);
    while pages < MILLION {
        let order = match rng.u8(..100) {
            0..60 => 0,
            60..80 => rng.u32(1..=3),
            80..98 => rng.u32(4..=6),
            _ => 9,
        };
        folios.push(order);
        pages += 1 << order;
    }
    Workload {
        name: "orders 0 to 9, a million".to_owned(),
        order: Order::Mixed,
        size: Size::Million,
        folios,
        entries: (0..pages).collect(),
    }
}
