//! The page model: `struct page`, the memory map that pages lie in, and the entries that
//! name them. It knows nothing of releasing.

mod address_space;
mod existing;
mod layout;
mod map;
mod page_ref;

pub use address_space::AddressSpace;
pub use layout::{POISON, Page, flags, offsets};
pub use map::{CompoundPageError, MAX_ORDER, MemoryMap};
#[cfg(test)]
pub(crate) use page_ref::LOCKED_SUBTRACTIONS;
pub use page_ref::PageRef;
pub(crate) use page_ref::{GUP_PIN_COUNTING_BIAS, Left};
