//! What is wrong with a text, and where.

/// The first thing in a text that is not of the text form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}; expected {expected}")]
pub struct TextError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// Where it starts in the text, in bytes.
    pub offset: usize,
    /// How long it is in bytes; 0 where something is missing.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What was expected there.
    pub expected: String,
}
