//! A bug: what it was, which calls can show it, and the code that has it.

use put_user_page::PageRef;
use put_user_page_case::Function;

use crate::base::{Call, FaultyHooks, Nulls, Runs, Steps, Unpins};

/// A bug that was made somewhere, as a backend has it here.
#[derive(Debug)]
pub struct Bug {
    /// What it does wrong, in a few words joined by hyphens.
    pub name: &'static str,
    /// What it was.
    pub story: &'static str,
    /// The commits, the CVE or the report that it stands for.
    pub source: &'static str,
    /// The functions that it shows in.
    pub shown_by: &'static [Function],
    /// How large a case has to be to show it.
    pub scale: Scale,
    /// The code that has it.
    pub run: Run,
}

/// How large a case has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Engines make such cases.
    Small,
    /// It takes more work than those that engines make; corpora have some.
    Large,
    /// It has a `long` record. Corpora have none: they are slow, and replayed as the text that
    /// they are.
    Long,
}

/// Code that does one thing wrong: what is right, and the difference.
#[derive(Debug)]
pub enum Run {
    /// A loop over entries, of which one step is another.
    Entries(Steps),
    /// A loop over runs, of which one step is another.
    Runs(Runs),
    /// A loop over runs of pins, of which one step is another; what releases references ships.
    Unpins(Unpins),
    /// What ships, and another rule for what is no page.
    Nulls(Nulls),
    /// What ships, with hooks of which one is another.
    Hooks(FaultyHooks),
    /// A call as a whole. What it leaves in the list is there again at the next call of the
    /// case; the index is that of the entry that stopped it.
    Whole(fn(&Call<'_>, &mut Vec<PageRef<'static>>) -> Option<usize>),
}

/// Those that any function of 2018 shows.
pub(crate) const ANY: &[Function] = &Function::PUT;

/// Those of functions that mark pages dirty.
pub(crate) const MARKING: &[Function] =
    &[Function::PutUserPagesDirty, Function::PutUserPagesDirtyLock];

/// Those of functions that do not.
pub(crate) const NOT_MARKING: &[Function] = &[Function::PutUserPage, Function::PutUserPages];

/// Those of the function that locks pages.
pub(crate) const LOCKING: &[Function] = &[Function::PutUserPagesDirtyLock];

/// Those of functions that release the pins of several entries that name one page in one step.
pub(crate) const UNPINNING_RUNS: &[Function] = &[
    Function::UnpinUserPages,
    Function::UnpinUserPagesDirtyLock { make_dirty: true },
    Function::UnpinUserPagesDirtyLock { make_dirty: false },
    Function::UnpinFolios,
    Function::UnpinUserFolio,
];

/// Those of functions that release the pins of a range.
pub(crate) const UNPINNING_RANGES: &[Function] = &[
    Function::UnpinUserPageRangeDirtyLock { make_dirty: true },
    Function::UnpinUserPageRangeDirtyLock { make_dirty: false },
];

/// Those of functions that release pins and mark pages dirty.
pub(crate) const UNPINNING_AND_MARKING: &[Function] = &[
    Function::UnpinUserPagesDirtyLock { make_dirty: true },
    Function::UnpinUserPageRangeDirtyLock { make_dirty: true },
];

impl Bug {
    /// Whether calls of these functions can show it.
    pub fn can_show_in(&self, functions: &[Function]) -> bool {
        self.shown_by.iter().any(|function| functions.contains(function))
    }
}
