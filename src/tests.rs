//! Units: the model's own promises. Held against the reference in `targets/`.

use core::cell::Cell;
use std::thread_local;
use std::vec::Vec;

use crate::*;

thread_local! {
    static LOCKED_SUBTRACTIONS: Cell<usize> = const { Cell::new(0) };
}

pub(crate) fn count_locked_subtraction() {
    LOCKED_SUBTRACTIONS.with(|count| count.set(count.get() + 1));
}
