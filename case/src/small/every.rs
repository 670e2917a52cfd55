//! All shapes up to a bound.

use super::shape::{MAX_PAGES, PageState, Released, Shape, Shapes, compound_page};

/// How large cases may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Calls in a row: 1, or 2 on arrays that have a compound page in common.
    pub calls: u8,
    /// Pages of all compound pages together, at most 8.
    pub pages: u8,
    /// The largest order of a compound page.
    pub order: u8,
    /// Entries of each array, at most.
    pub entries: u8,
    /// References of a compound page beyond one for each entry, at most.
    pub spare: u16,
    /// What the calls release.
    pub released: Released,
}

/// Every shape up to a bound, of which each compound page is named by an entry, with every state
/// of every compound page.
pub fn every(bound: Bound) -> Shapes {
    let mut shapes = Vec::new();
    for orders in layouts(bound) {
        let pages: u8 = orders.iter().map(|order| 1 << order).sum();
        let arrays = arrays(pages, bound.entries);
        let mut add = |arrays: &[&Vec<u8>]| shapes.extend(shape(&orders, arrays, bound));
        for first in &arrays {
            if bound.calls == 1 {
                add(&[first]);
                continue;
            }
            let overlaps = |second: &&Vec<u8>| {
                let pages = || first.iter().map(|page| compound_page(&orders, *page));
                second.iter().any(|page| pages().any(|of| of == compound_page(&orders, *page)))
            };
            arrays.iter().filter(overlaps).for_each(|second| add(&[first, second]));
        }
    }
    Shapes::new(shapes)
}

/// All rows of compound pages.
fn layouts(bound: Bound) -> Vec<Vec<u8>> {
    assert!(usize::from(bound.pages) <= MAX_PAGES);
    let (mut done, mut open) = (Vec::new(), vec![(Vec::new(), bound.pages)]);
    while let Some((orders, left)) = open.pop() {
        let longer = (0..=bound.order).filter(|order| 1 << order <= left);
        open.extend(longer.map(|order| ([&orders[..], &[order]].concat(), left - (1 << order))));
        done.push(orders);
    }
    done
}

/// All arrays of up to so many entries that name so many pages.
fn arrays(pages: u8, entries: u8) -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new()];
    let mut longest = all.clone();
    for _ in 0..entries {
        let longer = |array: &Vec<u8>| {
            let array = array.clone();
            (0..pages).map(move |page| [&array[..], &[page]].concat())
        };
        longest = longest.iter().flat_map(longer).collect();
        all.extend_from_slice(&longest);
    }
    all
}

/// The shape of these arrays, if they name every compound page.
fn shape(orders: &[u8], arrays: &[&Vec<u8>], bound: Bound) -> Option<Shape> {
    let mut named = vec![0; orders.len()];
    for page in arrays.iter().flat_map(|array| array.iter()) {
        named[compound_page(orders, *page)] += 1;
    }
    (!named.contains(&0)).then(|| Shape {
        orders: orders.to_vec(),
        arrays: arrays.iter().map(|array| array.to_vec()).collect(),
        states: named.iter().map(|named| states(*named, bound)).collect(),
        released: bound.released,
    })
}

/// All states of a compound page that so many entries name.
fn states(named: u16, bound: Bound) -> Vec<PageState> {
    let most_pins = if bound.released == Released::Pins { named } else { 0 };
    let mut states = Vec::new();
    for pins in 0..=most_pins {
        // An entry that took a reference where pins are released is as one of the others.
        for references in 0..=named - pins + bound.spare {
            for number in 0..8 {
                let [in_file, dirty, locked] = [1, 2, 4].map(|bit| number & bit != 0);
                if !locked || references > 0 {
                    states.push(PageState { references, pins, in_file, dirty, locked });
                }
            }
        }
    }
    states
}
