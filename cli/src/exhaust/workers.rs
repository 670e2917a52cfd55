//! The cases on all cores: each takes the next few that nobody has taken.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use pagediff_terminal::error::Stop;
use put_user_page_case::small::Shapes;
use put_user_page_targets::backend::Skip;
use put_user_page_targets::exhaust::{Exhaust, First};

use super::state::State;
use crate::backends::BackendArguments;

/// What is to be run, on what, by how many.
pub(super) struct Workers<'a> {
    pub(super) shapes: &'a Shapes,
    pub(super) backends: &'a BackendArguments,
    pub(super) threads: usize,
    /// When to stop, if not at the end.
    pub(super) until: Option<Instant>,
}

/// How many cases backends did not run, by their names and the reasons.
pub(super) type Skipped = BTreeMap<(String, Skip), u64>;

/// What came of it.
pub(super) struct Came {
    /// So many cases, from the first on, were run without a divergence.
    pub(super) done: u64,
    pub(super) skipped: Skipped,
    /// The first case that differs: all before it were run.
    pub(super) first: Option<First>,
}

/// Cases that a core takes at a time, and that a kernel gets: some tenths of a second each.
const SHARE: u64 = 1 << 15;
const KERNEL_BATCH: usize = 1024;

/// Cases that a backend in this process gets at a time: their worlds fit into a cache.
pub(super) const BATCH: usize = 32;

/// What of the cases is given out, and what came back.
struct Shares {
    next: u64,
    end: u64,
    /// Where shares begin that somebody is at.
    open: Vec<u64>,
    first: Option<First>,
    skipped: Skipped,
}

impl Shares {
    /// The share that comes next: none once something differs, for it would come after that.
    fn take(&mut self) -> Option<std::ops::Range<u64>> {
        if self.first.is_some() || self.next == self.end {
            return None;
        }
        let start = self.next;
        self.next = self.end.min(start + SHARE);
        self.open.push(start);
        Some(start..self.next)
    }

    /// So many cases, from the first on, are done.
    fn done(&self) -> u64 {
        self.open.iter().copied().min().unwrap_or(self.next)
    }

    fn give_back(&mut self, start: u64, found: Option<First>) {
        // Where something differs, the share is not done.
        if found.is_none() {
            self.open.retain(|open| *open != start);
        }
        if let Some(found) = found
            && self.first.as_ref().is_none_or(|first| found.number < first.number)
        {
            self.first = Some(found);
        }
    }
}

impl Workers<'_> {
    /// Runs all cases that no run before has run, up to the first that differs.
    pub(super) fn run(&self, state: Option<&State>) -> Result<Came, Stop> {
        let (next, end) = (state.map_or(0, State::done), self.shapes.cases());
        let (open, first, skipped) = (Vec::new(), None, Skipped::new());
        let shares = Mutex::new(Shares { next, end, open, first, skipped });
        let bar = progress_bar(next, end);
        on_threads(self.threads, || self.work(&shares, state, &bar))?;
        bar.finish_and_clear();
        let shares = shares.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        let done = shares.first.as_ref().map_or(shares.done(), |first| first.number);
        Ok(Came { done, skipped: shares.skipped, first: shares.first })
    }

    fn work(
        &self,
        shares: &Mutex<Shares>,
        state: Option<&State>,
        bar: &ProgressBar,
    ) -> Result<(), Stop> {
        let lock = || shares.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let batch = if self.backends.has_kernel() { KERNEL_BATCH } else { BATCH };
        // One after the other, for a candidate is compiled to the same file each time.
        let backends = {
            let _alone = lock();
            self.backends.open()?
        };
        let mut exhaust = Exhaust::new(backends, batch);
        // The lock is given back before the share is run.
        let is_time = || self.until.is_none_or(|until| Instant::now() < until);
        let next = || is_time().then(|| lock().take()).flatten();
        while let Some(share) = next() {
            let found = exhaust.run(self.shapes, share.clone())?;
            bar.inc(share.end - share.start);
            let mut shares = lock();
            shares.give_back(share.start, found);
            if let Some(state) = state {
                state.note(shares.done())?;
            }
        }
        let mut shares = lock();
        for (name, skipped) in exhaust.skipped() {
            for &(skip, cases) in skipped {
                *shares.skipped.entry((name.to_owned(), skip)).or_default() += cases;
            }
        }
        Ok(())
    }
}

/// What each of so many threads makes of the same work; if any fails, the first error, once all of
/// them have ended.
pub(super) fn on_threads<T: Send>(
    threads: usize,
    work: impl Fn() -> Result<T, Stop> + Sync,
) -> Result<Vec<T>, Stop> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(&work)).collect();
        let ends = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        ends.collect::<Vec<_>>().into_iter().collect()
    })
}

/// A bar on standard error, which shows if that is a terminal.
fn progress_bar(done: u64, cases: u64) -> ProgressBar {
    let template = "{bar:40} {human_pos} of {human_len} cases, {per_sec}, {eta} left";
    let style = ProgressStyle::with_template(template).expect("a template");
    ProgressBar::new(cases).with_style(style).with_position(done)
}

#[cfg(test)]
mod tests {
    use super::{SHARE, Shares, Skipped};

    fn shares(next: u64, end: u64) -> Shares {
        Shares { next, end, open: Vec::new(), first: None, skipped: Skipped::new() }
    }

    #[test]
    fn shares_are_all_cases_from_where_a_run_goes_on() {
        let end = 2 * SHARE + 5;
        let mut shares = shares(3, end);
        assert_eq!(shares.take(), Some(3..SHARE + 3));
        assert_eq!(shares.take(), Some(SHARE + 3..2 * SHARE + 3));
        assert_eq!(shares.take(), Some(2 * SHARE + 3..end));
        assert_eq!(shares.take(), None);
    }

    #[test]
    fn done_is_what_lies_before_all_shares_that_somebody_is_at() {
        let mut shares = shares(0, 3 * SHARE);
        let starts = [0; 3].map(|_| shares.take().map(|share| share.start));
        assert_eq!(starts, [Some(0), Some(SHARE), Some(2 * SHARE)]);
        shares.give_back(SHARE, None);
        assert_eq!(shares.done(), 0);
        shares.give_back(0, None);
        assert_eq!(shares.done(), 2 * SHARE);
        shares.give_back(2 * SHARE, None);
        assert_eq!(shares.done(), 3 * SHARE);
    }
}
