//! Runs jobs in a Linux kernel under QEMU.
//!
//! [`setup()`] fetches a kernel and a QEMU, and builds the module and the agent that go into
//! the guest. A [`Runner`] boots guests of them and hands them jobs; a guest that a job kills
//! is replaced, and the [`Death`] is that job's result. What a job means only the module knows.
#![cfg(target_os = "linux")]

mod apt;
mod boot;
mod candidate;
mod compile;
mod debian;
mod disk;
mod fast;
mod fault;
mod guest;
mod initramfs;
mod job;
mod kernel;
mod kvm;
mod log;
mod make;
mod object;
mod patience;
mod place;
mod qemu;
mod recovery;
mod runner;
mod setup;
mod source;
#[cfg(test)]
mod tests;
mod tool;
mod vmlinux;

pub use compile::{Compiled, Config};
pub use fault::Fault;
pub use job::{Death, Deliver, How};
pub use kernel::{OwnKernel, Release, Which, version};
pub use patience::Patience;
pub use put_user_page_kernel_wire::{GuestJob, Memory, Region};
pub use put_user_page_support::Error;
pub use qemu::Accelerator;
pub use runner::{Options, Runner};
pub use setup::{guest_digest, gup_source, is_set_up, package_version, repository, setup};
pub use source::{Commit, Origin, Patched, PatchedFile, Source};
