//! Mutants: an implementation that works entry by entry, with one thing wrong.
//! The oracle must see each of them, and no corpus may lose what finds it.

mod finder;

use std::collections::BTreeSet;

use put_user_page::{Hooks, PageRef};
use put_user_page_case::Function;
use strum::{Display, EnumIter};

use crate::backends::{InProcess, PageMap, Recorder, Release, set_other_flags};
use crate::states::Needs;

pub use finder::Finder;

/// What is wrong. Its `Display` is its name, in a word.
#[derive(Clone, Copy, Debug, Display, EnumIter, PartialEq, Eq, PartialOrd, Ord)]
#[strum(serialize_all = "kebab-case")]
pub enum Mutant {
    /// An entry is taken for a head page.
    NoCompoundHead,
    /// The page that an entry names is marked dirty, not its head page.
    DirtyTheTail,
    /// A page is freed while it has a reference left.
    FreeAtOne,
    /// A page without a reference is not freed.
    NeverFree,
    /// An entry without a reference is released all the same.
    ForgetTheCheck,
    /// The last entry of a call is not released.
    SkipTheLastEntry,
    /// Of each call, only the first entry is marked dirty.
    MarkOnlyTheFirst,
    /// A page is released before it is marked dirty.
    PutBeforeMark,
    /// A page is marked dirty without its lock.
    MarkWithoutLock,
    /// A dirty page is locked and marked again.
    LockDirtyPages,
    /// A page lock is not given back.
    KeepTheLock,
    /// All page locks are held at the same time.
    LockTwoAtOnce,
    /// The file is not told that a page of it is dirty.
    ForgetTheFile,
    /// The file is told twice that a page of it is dirty.
    CountTheFileTwice,
    /// A flag is set that is none of a release's business.
    TouchAnotherFlag,
    /// A reference is counted in a tail page.
    WriteIntoATail,
    /// The error of a call names the entry after the one that stopped it.
    StopOneEntryLate,
}

impl Mutant {
    /// Which calls can show it.
    pub const fn needs(self) -> Needs {
        match self {
            Mutant::NoCompoundHead
            | Mutant::FreeAtOne
            | Mutant::NeverFree
            | Mutant::ForgetTheCheck
            | Mutant::SkipTheLastEntry
            | Mutant::TouchAnotherFlag
            | Mutant::WriteIntoATail
            | Mutant::StopOneEntryLate => Needs::Any,
            Mutant::DirtyTheTail
            | Mutant::MarkOnlyTheFirst
            | Mutant::PutBeforeMark
            | Mutant::ForgetTheFile
            | Mutant::CountTheFileTwice => Needs::Dirty,
            Mutant::MarkWithoutLock
            | Mutant::LockDirtyPages
            | Mutant::KeepTheLock
            | Mutant::LockTwoAtOnce => Needs::Lock,
        }
    }
}

/// The implementation that works entry by entry, with one thing wrong.
#[derive(Debug)]
pub struct Mutated(Option<Mutant>);

/// It as the backend `mutant`; with no mutant it does what the reference does.
pub fn mutated(mutant: Option<Mutant>) -> InProcess<PageMap<Mutated>> {
    InProcess::new("mutant", PageMap::new(Mutated(mutant)))
}

impl Mutated {
    fn is(&self, mutant: Mutant) -> bool {
        self.0 == Some(mutant)
    }

    fn mark(&self, function: Function, page: PageRef<'static>, hooks: &Recorder) {
        let locks =
            function == Function::PutUserPagesDirtyLock && !self.is(Mutant::MarkWithoutLock);
        if page.is_dirty() && !(locks && self.is(Mutant::LockDirtyPages)) {
            return;
        }
        if locks {
            hooks.lock_page(page);
        }
        if self.is(Mutant::ForgetTheFile) {
            if !page.test_set_dirty() {
                hooks.page_dirtied(page);
            }
        } else {
            hooks.set_page_dirty(page);
        }
        if self.is(Mutant::CountTheFileTwice)
            && let Some(file) = page.mapping()
        {
            file.page_dirtied();
        }
        if locks && !self.is(Mutant::KeepTheLock) {
            hooks.unlock_page(page);
        }
    }

    fn put(&self, page: PageRef<'static>, hooks: &Recorder) {
        let refcount = page.refcount() - 1;
        page.set_refcount(refcount);
        let last = if self.is(Mutant::FreeAtOne) { 1 } else { 0 };
        if refcount == last && !self.is(Mutant::NeverFree) {
            hooks.free_page(page);
        }
    }

    fn entry(&self, function: Function, entry: PageRef<'static>, first: bool, hooks: &Recorder) {
        let head = if self.is(Mutant::NoCompoundHead) { entry } else { entry.compound_head() };
        let marks = function.marks_dirty() && (first || !self.is(Mutant::MarkOnlyTheFirst));
        if self.is(Mutant::PutBeforeMark) {
            self.put(head, hooks);
        }
        if marks {
            let page = if self.is(Mutant::DirtyTheTail) { entry } else { head };
            self.mark(function, page, hooks);
        }
        if self.is(Mutant::TouchAnotherFlag) {
            // PG_waiters, which no world sets.
            set_other_flags(head, 1 << 7);
        }
        if self.is(Mutant::WriteIntoATail) && entry.is_tail() {
            entry.set_refcount(1);
        }
        if !self.is(Mutant::PutBeforeMark) {
            self.put(head, hooks);
        }
    }
}

impl Release for Mutated {
    fn release(
        &mut self,
        function: Function,
        pages: &[PageRef<'static>],
        recorder: &Recorder,
    ) -> Option<usize> {
        let all = pages.len();
        let used = if self.is(Mutant::SkipTheLastEntry) { all.saturating_sub(1) } else { all };
        if self.is(Mutant::LockTwoAtOnce) && function == Function::PutUserPagesDirtyLock {
            let heads: BTreeSet<_> = pages.iter().map(|page| page.compound_head()).collect();
            let clean = heads.into_iter().filter(|head| head.refcount() > 0 && !head.is_dirty());
            let clean: Vec<_> = clean.collect();
            clean.iter().for_each(|head| recorder.lock_page(*head));
            clean.iter().for_each(|head| recorder.set_page_dirty(*head));
            clean.iter().for_each(|head| recorder.unlock_page(*head));
        }
        for (index, page) in pages[..used].iter().enumerate() {
            let stop = page.compound_head().refcount() <= 0;
            if stop && !self.is(Mutant::ForgetTheCheck) {
                return Some(index + usize::from(self.is(Mutant::StopOneEntryLate)));
            }
            self.entry(function, *page, index == 0, recorder);
        }
        None
    }
}
