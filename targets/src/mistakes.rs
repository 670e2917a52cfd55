//! Deliberate mistakes: an implementation that works entry by entry, with one thing wrong.
//! The oracle must see each of them, and no corpus may lose what finds it.

mod finder;

use std::collections::BTreeSet;

use put_user_page::{Hooks, PageRef};

use crate::backends::{InProcess, PageMap, Recorder, Release, set_other_flags};
use crate::states::Needs;
use put_user_page_case::Function;

pub use finder::Finder;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mistake {
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

impl Mistake {
    /// All mistakes.
    pub const ALL: [Mistake; 17] = [
        Mistake::NoCompoundHead,
        Mistake::DirtyTheTail,
        Mistake::FreeAtOne,
        Mistake::NeverFree,
        Mistake::ForgetTheCheck,
        Mistake::SkipTheLastEntry,
        Mistake::MarkOnlyTheFirst,
        Mistake::PutBeforeMark,
        Mistake::MarkWithoutLock,
        Mistake::LockDirtyPages,
        Mistake::KeepTheLock,
        Mistake::LockTwoAtOnce,
        Mistake::ForgetTheFile,
        Mistake::CountTheFileTwice,
        Mistake::TouchAnotherFlag,
        Mistake::WriteIntoATail,
        Mistake::StopOneEntryLate,
    ];

    /// The mistake in a word.
    pub const fn name(self) -> &'static str {
        match self {
            Mistake::NoCompoundHead => "no-compound-head",
            Mistake::DirtyTheTail => "dirty-the-tail",
            Mistake::FreeAtOne => "free-at-one",
            Mistake::NeverFree => "never-free",
            Mistake::ForgetTheCheck => "forget-the-check",
            Mistake::SkipTheLastEntry => "skip-the-last-entry",
            Mistake::MarkOnlyTheFirst => "mark-only-the-first",
            Mistake::PutBeforeMark => "put-before-mark",
            Mistake::MarkWithoutLock => "mark-without-lock",
            Mistake::LockDirtyPages => "lock-dirty-pages",
            Mistake::KeepTheLock => "keep-the-lock",
            Mistake::LockTwoAtOnce => "lock-two-at-once",
            Mistake::ForgetTheFile => "forget-the-file",
            Mistake::CountTheFileTwice => "count-the-file-twice",
            Mistake::TouchAnotherFlag => "touch-another-flag",
            Mistake::WriteIntoATail => "write-into-a-tail",
            Mistake::StopOneEntryLate => "stop-one-entry-late",
        }
    }

    /// Which calls can show it.
    pub const fn needs(self) -> Needs {
        match self {
            Mistake::NoCompoundHead
            | Mistake::FreeAtOne
            | Mistake::NeverFree
            | Mistake::ForgetTheCheck
            | Mistake::SkipTheLastEntry
            | Mistake::TouchAnotherFlag
            | Mistake::WriteIntoATail
            | Mistake::StopOneEntryLate => Needs::Any,
            Mistake::DirtyTheTail
            | Mistake::MarkOnlyTheFirst
            | Mistake::PutBeforeMark
            | Mistake::ForgetTheFile
            | Mistake::CountTheFileTwice => Needs::Dirty,
            Mistake::MarkWithoutLock
            | Mistake::LockDirtyPages
            | Mistake::KeepTheLock
            | Mistake::LockTwoAtOnce => Needs::Lock,
        }
    }
}

/// The implementation that works entry by entry, with one thing wrong.
#[derive(Debug)]
pub struct Wrong(Option<Mistake>);

/// It as the backend `wrong`; with no mistake it does what the reference does.
pub fn wrong(mistake: Option<Mistake>) -> InProcess<PageMap<Wrong>> {
    InProcess::new("wrong", PageMap::new(Wrong(mistake)))
}

impl Wrong {
    fn is(&self, mistake: Mistake) -> bool {
        self.0 == Some(mistake)
    }

    fn mark(&self, function: Function, page: PageRef<'static>, hooks: &Recorder) {
        let locks =
            function == Function::PutUserPagesDirtyLock && !self.is(Mistake::MarkWithoutLock);
        if page.is_dirty() && !(locks && self.is(Mistake::LockDirtyPages)) {
            return;
        }
        if locks {
            hooks.lock_page(page);
        }
        if self.is(Mistake::ForgetTheFile) {
            if !page.test_set_dirty() {
                hooks.page_dirtied(page);
            }
        } else {
            hooks.set_page_dirty(page);
        }
        if self.is(Mistake::CountTheFileTwice)
            && let Some(file) = page.mapping()
        {
            file.page_dirtied();
        }
        if locks && !self.is(Mistake::KeepTheLock) {
            hooks.unlock_page(page);
        }
    }

    fn put(&self, page: PageRef<'static>, hooks: &Recorder) {
        let refcount = page.refcount() - 1;
        page.set_refcount(refcount);
        let last = if self.is(Mistake::FreeAtOne) { 1 } else { 0 };
        if refcount == last && !self.is(Mistake::NeverFree) {
            hooks.free_page(page);
        }
    }

    fn entry(&self, function: Function, entry: PageRef<'static>, first: bool, hooks: &Recorder) {
        let head = if self.is(Mistake::NoCompoundHead) { entry } else { entry.compound_head() };
        let marks = function.marks_dirty() && (first || !self.is(Mistake::MarkOnlyTheFirst));
        if self.is(Mistake::PutBeforeMark) {
            self.put(head, hooks);
        }
        if marks {
            let page = if self.is(Mistake::DirtyTheTail) { entry } else { head };
            self.mark(function, page, hooks);
        }
        if self.is(Mistake::TouchAnotherFlag) {
            // PG_waiters, which no world sets.
            set_other_flags(head, 1 << 7);
        }
        if self.is(Mistake::WriteIntoATail) && entry.is_tail() {
            entry.set_refcount(1);
        }
        if !self.is(Mistake::PutBeforeMark) {
            self.put(head, hooks);
        }
    }
}

impl Release for Wrong {
    fn release(
        &mut self,
        function: Function,
        pages: &[PageRef<'static>],
        recorder: &Recorder,
    ) -> Option<usize> {
        let all = pages.len();
        let used = if self.is(Mistake::SkipTheLastEntry) { all.saturating_sub(1) } else { all };
        if self.is(Mistake::LockTwoAtOnce) && function == Function::PutUserPagesDirtyLock {
            let heads: BTreeSet<_> = pages.iter().map(|page| page.compound_head()).collect();
            let clean = heads.into_iter().filter(|head| head.refcount() > 0 && !head.is_dirty());
            let clean: Vec<_> = clean.collect();
            clean.iter().for_each(|head| recorder.lock_page(*head));
            clean.iter().for_each(|head| recorder.set_page_dirty(*head));
            clean.iter().for_each(|head| recorder.unlock_page(*head));
        }
        for (index, page) in pages[..used].iter().enumerate() {
            let stop = page.compound_head().refcount() <= 0;
            if stop && !self.is(Mistake::ForgetTheCheck) {
                return Some(index + usize::from(self.is(Mistake::StopOneEntryLate)));
            }
            self.entry(function, *page, index == 0, recorder);
        }
        None
    }
}
