//! What is wrong with a text, and where.

use std::fmt;

/// The first thing in a text that is not of the text form.
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl fmt::Display for TextError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TextError { line, column, message, expected, .. } = self;
        write!(formatter, "line {line}, column {column}: {message}; expected {expected}")
    }
}

impl std::error::Error for TextError {}
