//! The body of answers: those of some jobs, in their order, each its length (u32) and its bytes.

use zerocopy::little_endian::U32;

use crate::{Malformed, take};

/// The bytes before an answer.
const LENGTH: usize = 4;

/// Begins an answer at the end of the body; [`end_answer`] takes the position that this returns.
#[must_use]
pub fn begin_answer(out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0; LENGTH]);
    start
}

/// Ends the answer that began at `start`: all that was put behind it is its bytes.
///
/// # Panics
/// If it has more than `u32::MAX` bytes.
pub fn end_answer(out: &mut [u8], start: usize) {
    let length = out.len() - start - LENGTH;
    let length = u32::try_from(length).expect("at most u32::MAX bytes");
    out[start..start + LENGTH].copy_from_slice(&length.to_le_bytes());
}

/// The answers of a body, read in place. An error is the last that there is.
#[derive(Clone, Debug)]
pub struct Answers<'a>(&'a [u8]);

impl<'a> Answers<'a> {
    /// The answers in this body.
    pub fn new(body: &'a [u8]) -> Self {
        Answers(body)
    }

    fn take(&mut self) -> Option<&'a [u8]> {
        let length = take::<U32>(&mut self.0)?.get() as usize;
        self.0.split_off(..length)
    }
}

impl<'a> Iterator for Answers<'a> {
    type Item = Result<&'a [u8], Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let answer = self.take();
        if answer.is_none() {
            self.0 = &[];
        }
        Some(answer.ok_or(Malformed("a short answer")))
    }
}
