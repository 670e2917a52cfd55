//! Who is measured.

use std::hint::black_box;

use put_user_page::{
    put_user_page, put_user_pages, put_user_pages_dirty, put_user_pages_dirty_lock,
};

use crate::function::Function;
use crate::pages::Array;
use crate::{peers_in_c, peers_in_rust};

/// Who releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contender {
    /// The loop of the patch, in C.
    PerEntry,
    /// Run by run as in kernel v5.13, in C.
    PerRun,
    /// The locked operations that nobody can do without, of runs that are known, and reading
    /// the array, in C.
    Limit,
    /// The same three in Rust.
    PerEntryInRust,
    /// See [`PerRun`](Self::PerRun).
    PerRunInRust,
    /// See [`Limit`](Self::Limit).
    LimitInRust,
    /// What the library does in the kernel's words: `targets/c/candidates/fast.c`.
    OursInC,
    /// The library.
    Ours,
}

impl Contender {
    /// All of them, each at the place of its number.
    pub const ALL: [Contender; 8] = [
        Contender::PerEntry,
        Contender::PerRun,
        Contender::Limit,
        Contender::PerEntryInRust,
        Contender::PerRunInRust,
        Contender::LimitInRust,
        Contender::OursInC,
        Contender::Ours,
    ];

    /// What tables and plots call it.
    pub fn name(self) -> &'static str {
        match self {
            Contender::PerEntry => "per_entry",
            Contender::PerRun => "per_run",
            Contender::Limit => "limit",
            Contender::PerEntryInRust => "per_entry, Rust",
            Contender::PerRunInRust => "per_run, Rust",
            Contender::LimitInRust => "limit, Rust",
            Contender::OursInC => "fast.c",
            Contender::Ours => "ours",
        }
    }

    /// Releases all entries.
    ///
    /// # Panics
    ///
    /// An entry had no reference.
    pub fn release(self, function: Function, array: &Array) {
        match self {
            Contender::PerEntry => peers_in_c::per_entry(function, array),
            Contender::PerRun => peers_in_c::per_run(function, array),
            Contender::Limit => peers_in_c::limit(function, array),
            Contender::PerEntryInRust => peers_in_rust::per_entry(function, array),
            Contender::PerRunInRust => peers_in_rust::per_run(function, array),
            Contender::LimitInRust => peers_in_rust::limit(function, array),
            Contender::OursInC => peers_in_c::fast(function, array),
            Contender::Ours => ours(function, array),
        }
    }
}

fn ours(function: Function, array: &Array) {
    let entries = black_box(&array.entries[..]);
    let released = match function {
        Function::One => entries.iter().try_for_each(|&entry| put_user_page(entry, &())),
        Function::Many => put_user_pages(entries, &()),
        Function::Dirty => put_user_pages_dirty(entries, &()),
        Function::DirtyLock => put_user_pages_dirty_lock(entries, &()),
    };
    released.expect("every entry has a reference");
}
