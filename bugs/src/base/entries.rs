//! The loop over entries, as the patch has it: resolve the head, check, mark, put.

use put_user_page::PageRef;

use super::Call;

/// An entry of a call.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The call.
    pub call: &'a Call<'a>,
    /// Which entry it is.
    pub index: usize,
    /// The page that it names.
    pub page: PageRef<'static>,
    /// The head page of that page's compound page.
    pub head: PageRef<'static>,
}

/// The steps of an entry.
#[derive(Debug)]
pub struct Steps {
    /// Whether the entry may be released, which else stops the call.
    pub check: fn(&Entry<'_>) -> bool,
    /// Marks the page.
    pub mark: fn(&Entry<'_>),
    /// Drops the entry's reference.
    pub put: fn(&Entry<'_>),
    /// Does both, in order.
    pub release: fn(&Entry<'_>, &Steps),
    /// The entry that the error names, of the entry that stopped the call.
    pub error: fn(usize) -> usize,
}

/// The steps as they are to be.
pub const STEPS: Steps = Steps {
    check: |entry| entry.head.refcount() > 0,
    mark: |entry| entry.call.mark(entry.head),
    put: |entry| entry.call.put(entry.head, 1),
    release: |entry, steps| {
        (steps.mark)(entry);
        (steps.put)(entry);
    },
    error: |index| index,
};

impl Steps {
    /// Releases the entries of a call; the index of the one that stopped it.
    pub fn run(&self, call: &Call<'_>) -> Option<usize> {
        for (index, &page) in call.pages.iter().enumerate() {
            let entry = Entry { call, index, page, head: page.compound_head() };
            if !(self.check)(&entry) {
                return Some((self.error)(index));
            }
            (self.release)(&entry, self);
        }
        None
    }
}
