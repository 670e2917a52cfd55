//! Releasing arrays: the library against peers, on the same pages, side by side in one run, so
//! that a noisy machine is noisy for all. `scripts/bench` measures times; `counts` counts
//! instructions and locked operations; `shape` tells how a process's memory lies.

pub mod contender;
pub mod function;
pub mod goal;
pub mod measure;
pub mod pages;
pub mod pins;
pub mod plot;
pub mod shape;
pub mod table;
pub mod workload;

mod peers_in_c;
mod peers_in_rust;
