//! Why a release stopped.

use core::fmt;

/// An entry whose page had no reference, or no pin, left when its turn came.
///
/// The entries before it are released. It and the entries after it were not locked,
/// marked or dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReleaseError {
    /// The entry's index in the array.
    pub entry: usize,
}

impl fmt::Display for ReleaseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "entry {} names a page that has nothing left to release", self.entry)
    }
}

impl core::error::Error for ReleaseError {}
