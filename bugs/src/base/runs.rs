//! The loop over runs: consecutive entries of one compound page are released in one step.

use put_user_page::{Page, PageRef};

use super::Call;

/// A run of a call.
#[derive(Clone, Copy, Debug)]
pub struct RunOf<'a> {
    /// The call.
    pub call: &'a Call<'a>,
    /// The entries from the run's first on.
    pub pages: &'a [PageRef<'static>],
    /// The head page of the first.
    pub head: PageRef<'static>,
    /// How many entries it has.
    pub length: usize,
}

/// The steps of a run.
#[derive(Debug)]
pub struct Runs {
    /// Whether an entry belongs to the run that starts with the first of these pages, by its
    /// index and the run's head page.
    pub belongs: fn(&[PageRef<'static>], usize, PageRef<'static>) -> bool,
    /// How many references go with it.
    pub references: fn(&RunOf<'_>) -> i32,
    /// Drops references.
    ///
    /// # Errors
    ///
    /// There are not so many; the error is how many entries had one.
    pub drop: fn(&RunOf<'_>, i32) -> Result<(), usize>,
}

/// The steps as they are to be.
pub const RUNS: Runs = Runs {
    belongs: |pages, index, head| distance(pages[index], head) < span(head),
    references: |run| run.length as i32,
    drop: |run, references| {
        let had = run.head.refcount();
        let dropped = references.min(had);
        run.call.put(run.head, dropped);
        if dropped < references { Err(dropped.cast_unsigned() as usize) } else { Ok(()) }
    },
};

/// The distance of a page from a head page in bytes; very large for a page before it.
pub fn distance(page: PageRef<'_>, head: PageRef<'_>) -> usize {
    page.addr().wrapping_sub(head.addr())
}

/// The bytes that the compound page of this head page takes.
pub fn span(head: PageRef<'_>) -> usize {
    size_of::<Page>() << head.compound_order()
}

impl Runs {
    /// Releases the entries of a call; the index of the one that stopped it.
    pub fn run(&self, call: &Call<'_>) -> Option<usize> {
        let mut start = 0;
        while start < call.pages.len() {
            let pages = &call.pages[start..];
            let head = pages[0].compound_head();
            let others = (1..pages.len()).take_while(|&index| (self.belongs)(pages, index, head));
            let run = RunOf { call, pages, head, length: 1 + others.count() };
            if head.refcount() <= 0 {
                return Some(start);
            }
            call.mark(head);
            if let Err(released) = (self.drop)(&run, (self.references)(&run)) {
                return Some(start + released);
            }
            start += run.length;
        }
        None
    }
}
