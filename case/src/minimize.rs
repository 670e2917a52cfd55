//! Smaller cases that show the same: parts of a case are left out or made plainer for as
//! long as what is looked for stays.

mod change;
mod parts;
mod records;

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::ops::Range;

use crate::{Case, RECORD_SIZE};
use serde::Serialize;

use self::change::{OF_ENTRIES, OF_FOLIOS};
use self::parts::Parts;

/// How large a case is. Of two, the one with fewer calls is smaller, or with as many calls
/// the one with fewer entries, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Size {
    /// Calls.
    pub calls: usize,
    /// Entries of all arrays.
    pub entries: usize,
    /// Pages of all compound pages.
    pub pages: usize,
    /// Records.
    pub records: usize,
}

impl Size {
    /// The size of a case.
    pub fn of(case: &Case) -> Size {
        Size { records: case.records.len(), ..Cost::of(case).size }
    }
}

/// Finds a smaller input that shows the same, which `shows` tells; `bytes` do. With the
/// same answers it finds the same, and it finds no smaller one for what it found.
///
/// What it finds is canonical, unless only other bytes show it.
///
/// # Errors
///
/// Those of `shows`.
pub fn minimize<E>(
    bytes: &[u8],
    shows: &mut dyn FnMut(&[u8]) -> Result<bool, E>,
) -> Result<Vec<u8>, E> {
    let mut search = Search { shows, failed: HashSet::new() };
    let mut bytes = bytes.to_vec();
    loop {
        let before = bytes.clone();
        search.leave_out_records(&mut bytes)?;
        search.simplify_parts(&mut bytes)?;
        // Each part by itself was tried on this very case.
        if bytes == before {
            return Ok(bytes);
        }
    }
}

/// What is to become less: first what a person has to follow, then what a person has to
/// read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cost {
    size: Size,
    /// What is not plain: flags, references, gaps, pages that are not the first.
    detail: u64,
}

impl Cost {
    /// What a case costs that is put together as [`Parts`] are.
    fn of(case: &Case) -> Cost {
        let parts = Parts::of(case);
        let size = Size {
            calls: parts.calls(),
            entries: parts.entries(),
            pages: parts.pages(),
            records: parts.case().records.len(),
        };
        Cost { size, detail: parts.detail() }
    }
}

/// Something to make smaller, and the input that it is.
trait Shape: Clone + PartialEq {
    fn bytes(&self) -> Vec<u8>;

    /// What becomes less.
    fn cost(&self) -> (Cost, usize) {
        let bytes = self.bytes();
        (Cost::of(&Case::decode(&bytes)), bytes.len())
    }
}

impl Shape for Vec<u8> {
    fn bytes(&self) -> Vec<u8> {
        self.clone()
    }
}

impl Shape for Parts {
    fn bytes(&self) -> Vec<u8> {
        self.case().encode()
    }
}

/// The smallest part of all there is that is changed by itself.
const FINEST: usize = 1024;

struct Search<'a, E> {
    shows: &'a mut dyn FnMut(&[u8]) -> Result<bool, E>,
    /// Hashes of inputs that do not show it.
    failed: HashSet<u64>,
}

impl<E> Search<'_, E> {
    fn leave_out_records(&mut self, bytes: &mut Vec<u8>) -> Result<(), E> {
        let records = |bytes: &Vec<u8>| bytes.len().div_ceil(RECORD_SIZE);
        self.change_chunks(bytes, records, |bytes, records| {
            let end = bytes.len().min(records.end * RECORD_SIZE);
            bytes.drain(records.start * RECORD_SIZE..end);
        })
    }

    fn simplify_parts(&mut self, bytes: &mut Vec<u8>) -> Result<(), E> {
        let mut parts = Parts::of(&Case::decode(bytes));
        if parts.bytes() != *bytes && !self.shows(parts.bytes())? {
            return Ok(());
        }
        let (steps, entries, folios) = (Parts::steps, Parts::entries, Parts::folios);
        self.change_chunks(&mut parts, steps, Parts::leave_out_steps)?;
        self.change_chunks(&mut parts, folios, Parts::leave_out_folios)?;
        // Before entries, which are many and may be needed for references that are not.
        for change in OF_FOLIOS {
            self.change_chunks(&mut parts, folios, |parts, some| {
                parts.change_folios(some, change);
            })?;
        }
        self.change_chunks(&mut parts, entries, Parts::leave_out_entries)?;
        for change in OF_ENTRIES {
            self.change_chunks(&mut parts, entries, |parts, some| {
                parts.change_entries(some, change);
            })?;
        }
        self.change_chunks(&mut parts, steps, Parts::call_on_whole_arrays)?;
        *bytes = parts.bytes();
        Ok(())
    }

    /// Changes so many things: all at once, then halves of them, and so on down to each by
    /// itself, or where there are very many, to the [`FINEST`] part of them: each try costs as
    /// much as there is. A change is kept if the input is smaller for it and shows the same.
    fn change_chunks<T: Shape>(
        &mut self,
        shape: &mut T,
        count: impl Fn(&T) -> usize,
        change: impl Fn(&mut T, Range<usize>),
    ) -> Result<(), E> {
        let mut cost = shape.cost();
        let mut chunk = count(shape);
        while chunk > count(shape) / FINEST {
            let mut start = 0;
            while start < count(shape) {
                let mut changed = shape.clone();
                change(&mut changed, start..count(shape).min(start + chunk));
                if changed == *shape {
                    start += chunk;
                    continue;
                }
                let cost_then = changed.cost();
                if cost_then < cost && self.shows(changed.bytes())? {
                    // Once more: there are others in the place of those left out, or the same
                    // can be made less again.
                    (*shape, cost) = (changed, cost_then);
                } else {
                    start += chunk;
                }
            }
            chunk /= 2;
        }
        Ok(())
    }

    fn shows(&mut self, bytes: Vec<u8>) -> Result<bool, E> {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(&bytes);
        if self.failed.contains(&hash) {
            return Ok(false);
        }
        let shows = (self.shows)(&bytes)?;
        if !shows {
            self.failed.insert(hash);
        }
        Ok(shows)
    }
}
