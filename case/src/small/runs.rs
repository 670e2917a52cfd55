//! Long runs with one entry that does not belong to them, at each place: what code does that
//! looks at several entries at a time.

use std::ops::RangeInclusive;

use super::shape::{PageState, Shape, Shapes};

/// Which runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runs {
    /// How many entries the array has.
    pub entries: RangeInclusive<u8>,
    /// The orders of the compound page that all entries name but one.
    pub orders: Vec<u8>,
}

/// One call on each array of entries of a compound page, with an entry of another page at each
/// place and without; the other page lies directly before or after. The compound page is dirty
/// or clean, and its references last up to that entry, up to the last, exactly, and longer.
pub fn runs(runs: &Runs) -> Shapes {
    let mut shapes = Vec::new();
    for entries in runs.entries.clone() {
        for &order in &runs.orders {
            for place in 0..=entries {
                // With place == entries, no entry is foreign: the other page comes after all.
                shapes.extend([true, false].map(|before| shape(entries, order, place, before)));
            }
        }
    }
    Shapes::new(shapes)
}

fn shape(entries: u8, order: u8, place: u8, before: bool) -> Shape {
    // An order of its own for the page before, or the compound page would lie apart from it.
    let other_order = if before { order } else { 0 };
    let (first, other) = if before { (1 << order, 0) } else { (0, 1 << order) };
    // The last page that could be taken for one of the compound page's.
    let other = if before { other + (1 << order) - 1 } else { other };
    let page = |index: u8| if index == place { other } else { first + index % (1 << order) };
    let mut array: Vec<u8> = (0..entries).map(page).collect();
    if place == entries {
        array.push(other);
    }
    let (run, place) = (u16::from(entries - u8::from(place < entries)), u16::from(place));
    let mut references = [0, 1, place, run - 1, run, run + 1].to_vec();
    references.sort_unstable();
    references.dedup();
    let state = |references, dirty| PageState { references, in_file: true, dirty, locked: false };
    let states: Vec<PageState> = references
        .iter()
        .flat_map(|&count| [false, true].map(|dirty| state(count, dirty)))
        .collect();
    let other_state = vec![state(1, false)];
    let (orders, states) = if before {
        (vec![other_order, order], vec![other_state, states])
    } else {
        (vec![order, other_order], vec![states, other_state])
    };
    Shape { orders, arrays: vec![array], states }
}
