//! The functions that are measured.

/// The functions under comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// put_user_page(), called for each entry by itself.
    One,
    /// put_user_pages()
    Many,
    /// put_user_pages_dirty()
    Dirty,
    /// put_user_pages_dirty_lock()
    DirtyLock,
}

impl Function {
    /// All of them.
    pub const ALL: [Function; 4] =
        [Function::One, Function::Many, Function::Dirty, Function::DirtyLock];

    /// Its name in the library.
    pub fn name(self) -> &'static str {
        match self {
            Function::One => "put_user_page",
            Function::Many => "put_user_pages",
            Function::Dirty => "put_user_pages_dirty",
            Function::DirtyLock => "put_user_pages_dirty_lock",
        }
    }

    /// How many locked operations it takes to mark a clean page without a mapping.
    pub fn locked_operations_to_mark(self) -> usize {
        match self {
            Function::One | Function::Many => 0,
            Function::Dirty => 1,
            // The lock is taken and the page marked in one.
            Function::DirtyLock => 2,
        }
    }

    /// Whether it marks pages.
    pub fn marks(self) -> bool {
        self.locked_operations_to_mark() > 0
    }
}
