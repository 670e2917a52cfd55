//! Who is measured.

use std::hint::black_box;

use put_user_page::{
    put_user_page, put_user_pages, put_user_pages_dirty, put_user_pages_dirty_lock,
};

use crate::function::Function;
use crate::pages::Pages;
use crate::peers;

/// Who releases.
#[derive(Clone, Copy)]
pub(crate) enum Contender {
    /// In C, the loop of the patch.
    PerEntry,
    /// In C, run by run as in kernel v5.13.
    PerRun,
    /// In C, the locked operations that nobody can do without, of runs that are known, and
    /// reading the array.
    Limit,
    /// The library.
    Ours,
}

pub(crate) const CONTENDERS: [Contender; 4] =
    [Contender::PerEntry, Contender::PerRun, Contender::Limit, Contender::Ours];

impl Contender {
    /// Releases all entries.
    pub(crate) fn release(self, function: Function, pages: &Pages) {
        match self {
            Contender::PerEntry => peers::per_entry(function, pages),
            Contender::PerRun => peers::per_run(function, pages),
            Contender::Limit => peers::limit(function, pages),
            Contender::Ours => ours(function, pages),
        }
    }
}

fn ours(function: Function, pages: &Pages) {
    let entries = black_box(&pages.entries[..]);
    let released = match function {
        Function::One => entries.iter().try_for_each(|&entry| put_user_page(entry, &())),
        Function::Many => put_user_pages(entries, &()),
        Function::Dirty => put_user_pages_dirty(entries, &()),
        Function::DirtyLock => put_user_pages_dirty_lock(entries, &()),
    };
    released.expect("every entry has a reference");
}
