//! What is no page: entries that are NULL, and the negative of an errno for their number.

use put_user_page::PageRef;
use put_user_page_case::Function;
use put_user_page_targets::backends::Recorder;

use super::Call;

/// What becomes of it.
#[derive(Debug)]
pub struct Nulls {
    /// Whether a function passes over the NULL of this index, which else ends the call.
    pub skips: fn(Function, &[Option<PageRef<'static>>], usize) -> bool,
    /// Whether a function does nothing for an errno, which else ends the call at its first entry.
    pub guards: fn(Function) -> bool,
}

/// Functions that pass over a NULL where a run would start with it.
pub const SKIPPING: &[Function] =
    &[Function::UnpinUserPages, Function::UnpinUserPagesDirtyLock { make_dirty: false }];

/// Functions that look at their length for an errno.
pub const GUARDING: &[Function] = &[
    Function::UnpinUserPages,
    Function::UnpinUserPagesDirtyLock { make_dirty: false },
    Function::UnpinFolios,
];

/// The rules of the newest kernel.
pub const NULLS: Nulls = Nulls {
    skips: |function, pages, index| {
        let starts_run = index == 0 || pages[index - 1].is_none();
        function == Function::UnpinFolios || SKIPPING.contains(&function) && starts_run
    },
    guards: |function| GUARDING.contains(&function) || is_of_one_page(function),
};

/// Whether it is called for each entry, and so for none where there are none.
pub fn is_of_one_page(function: Function) -> bool {
    matches!(function, Function::PutUserPage | Function::UnpinUserPage | Function::UnpinFolio)
}

impl Nulls {
    /// Releases what lies between NULLs as what ships does; the index of the entry that stopped it.
    pub fn run(
        &self,
        function: Function,
        pages: &[Option<PageRef<'static>>],
        recorder: &Recorder,
    ) -> Option<usize> {
        let mut start = 0;
        while start < pages.len() {
            let stretch: Vec<_> = pages[start..].iter().map_while(|page| *page).collect();
            let stopped = Call::new(function, &stretch, recorder).release(&stretch);
            if let Some(stopped) = stopped {
                return Some(start + stopped);
            }
            start += stretch.len();
            while start < pages.len() && pages[start].is_none() {
                if !(self.skips)(function, pages, start) {
                    return Some(start);
                }
                start += 1;
            }
        }
        None
    }
}
