//! Long runs with one entry that does not belong to them, at each place: what code does that
//! looks at several entries at a time.

use std::ops::RangeInclusive;

use super::shape::{PageState, Released, Shape, Shapes};

/// Which runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runs {
    /// How many entries the array has.
    pub entries: RangeInclusive<u8>,
    /// The orders of the compound page that all entries name but one.
    pub orders: Vec<u8>,
    /// What the call releases.
    pub released: Released,
}

/// One call on each array of entries of a compound page, with an entry of another page in the place
/// of each, and after all of them; the other page lies directly before or after. The compound page is dirty
/// or clean, and its references, or pins, last up to that entry, up to the last, exactly, and
/// longer; of pins, that is a reference beside them.
pub fn runs(runs: &Runs) -> Shapes {
    let mut shapes = Vec::new();
    for entries in runs.entries.clone() {
        for &order in &runs.orders {
            for place in 0..=entries {
                let shape = |before| shape((entries, order, place), before, runs.released);
                shapes.extend([true, false].map(shape));
            }
        }
    }
    Shapes::new(shapes)
}

fn shape((entries, order, place): (u8, u8, u8), before: bool, released: Released) -> Shape {
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
    let mut counts = [0, 1, place, run - 1, run, run + 1].to_vec();
    counts.sort_unstable();
    counts.dedup();
    let state = |count, run: u16, dirty| match released {
        Released::References => {
            PageState { references: count, in_file: true, dirty, ..PageState::default() }
        }
        Released::Pins => {
            let pins = count.min(run);
            PageState { references: count - pins, pins, in_file: true, dirty, locked: false }
        }
    };
    let of_count = |&count: &u16| [false, true].map(|dirty| state(count, run, dirty));
    let states: Vec<PageState> = counts.iter().flat_map(of_count).collect();
    let other_state = vec![state(1, 1, false)];
    let (orders, states) = if before {
        (vec![other_order, order], vec![other_state, states])
    } else {
        (vec![order, other_order], vec![states, other_state])
    };
    Shape { orders, arrays: vec![array], states, released }
}
