//! The Linux kernel in QEMU as backends: its functions for releasing pages, in one guest.
//!
//! A crate of its own, and no feature of another: an entry point that does not name it links
//! nothing of it, and all entry points of a package are built with one set of features.

mod answer;
pub mod answers;
mod api;
mod backend;
mod guest;
mod job;
mod layout;
mod target;

pub use api::Api;
pub use backend::Kernel;
pub use guest::{KernelGuest, KernelOptions};
pub use layout::LayoutDifference;
pub use target::harness;
