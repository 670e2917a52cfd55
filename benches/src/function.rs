//! The functions that are measured.

/// The functions under comparison.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    /// put_user_page(), called for each entry by itself.
    One,
    Many,
    Dirty,
    DirtyLock,
}

pub(crate) const FUNCTIONS: [Function; 4] =
    [Function::One, Function::Many, Function::Dirty, Function::DirtyLock];

impl Function {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Function::One => "put_user_page",
            Function::Many => "put_user_pages",
            Function::Dirty => "put_user_pages_dirty",
            Function::DirtyLock => "put_user_pages_dirty_lock",
        }
    }

    pub(crate) fn marks(self) -> bool {
        matches!(self, Function::Dirty | Function::DirtyLock)
    }
}
