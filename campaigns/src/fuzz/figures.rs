//! What engines tell of themselves, in numbers.

use serde::Serialize;

/// What one run has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Figures {
    pub(super) executions: u64,
    pub(super) per_second: u64,
    /// Edges covered, as the engine counts them.
    pub(super) coverage: u64,
    /// Inputs in its corpus.
    pub(super) corpus: u64,
}
