//! Every small case: all worlds and all arrays up to a bound, each once, the smallest first.
//!
//! A [`Shape`] is what cases have in common that differ in states of pages and in functions: a
//! layout, and an array for each call. Its cases are numbered, and so are those of a list of
//! shapes, [`Shapes`]: any range of them can be made by itself. What is left out of all that a
//! bound could mean, and why nothing is lost by it, is in docs/exhaust.md.

mod every;
mod runs;
mod shape;

pub use every::{Bound, every};
pub use runs::{Runs, runs};
pub use shape::{PageState, Released, Shape, Shapes};
