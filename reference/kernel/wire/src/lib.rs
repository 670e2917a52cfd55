//! The frames between the runner on the host and the agent in the guest.
//!
//! A frame is its body's length (u32), its kind (u8) and its body; numbers are little-endian.
//! The host speaks first only after [`Kind::Hello`], and sends nothing while a batch runs,
//! so neither side ever writes to one that does not read.

mod answers;
mod jobs;
#[cfg(test)]
mod tests;

pub use answers::{Answers, begin_answer, end_answer};
pub use jobs::{GuestJob, GuestJobs, Memory, Region};

use std::fmt;
use std::io::{self, Read};

use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, TryFromBytes, Unaligned};

/// What is before a frame's body.
#[derive(TryFromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Header {
    length: U32,
    kind: Kind,
}

const HEADER: usize = size_of::<Header>();

/// The largest body. A length beyond it means that the stream is out of step.
const LONGEST: usize = 64 << 20;

/// What a frame is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, TryFromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(u8)]
pub enum Kind {
    /// Host to guest: a batch of jobs; [`GuestJobs`] reads its body.
    Run = 1,
    /// Host to guest: asks for the kernel's counters.
    Stats = 2,
    /// Host to guest: ends the guest.
    Quit = 3,
    /// Guest to host: the guest is ready; `key value` lines.
    Hello = 16,
    /// Guest to host: the guest cannot work; a text that says why.
    Broken = 17,
    /// Guest to host: answers to the next jobs of the batch; [`Answers`] reads its body. The
    /// batch is over when all its jobs are answered.
    Answers = 18,
    /// Guest to host: the text of /proc/vmstat.
    Vmstat = 20,
}

/// Bytes that are no frame, or no body of their kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Malformed {}

impl From<Malformed> for io::Error {
    fn from(malformed: Malformed) -> Self {
        io::Error::new(io::ErrorKind::InvalidData, malformed)
    }
}

fn parse_header(header: &[u8; HEADER]) -> Result<(Kind, usize), Malformed> {
    let header = Header::try_ref_from_bytes(header);
    let Header { length, kind } = header.map_err(|_| Malformed("a frame of an unknown kind"))?;
    let length = length.get() as usize;
    if length > LONGEST {
        return Err(Malformed("a frame that is too long"));
    }
    Ok((*kind, length))
}

/// Reads a whole frame into `body`, whose memory is kept; none where the stream ends before one.
pub fn read(stream: &mut impl Read, body: &mut Vec<u8>) -> io::Result<Option<Kind>> {
    let mut header = [0; HEADER];
    match stream.read_exact(&mut header) {
        Err(why) if why.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let (kind, length) = parse_header(&header)?;
    // From nothing on, so that the same is done whatever was read before.
    body.clear();
    body.resize(length, 0);
    stream.read_exact(body)?;
    Ok(Some(kind))
}

/// Begins a frame at the end of `out`; [`end`] takes the position that this returns.
#[must_use]
pub fn begin(out: &mut Vec<u8>, kind: Kind) -> usize {
    let start = out.len();
    out.extend_from_slice(Header { length: U32::ZERO, kind }.as_bytes());
    start
}

/// Ends the frame that began at `start`: all that was put behind it is its body.
///
/// # Panics
/// If the body is longer than 64 MiB.
pub fn end(out: &mut [u8], start: usize) {
    let length = out.len() - start - HEADER;
    assert!(length <= LONGEST, "a frame of {length} bytes");
    out[start..start + 4].copy_from_slice(&(length as u32).to_le_bytes());
}

/// Puts a whole frame at the end of `out`.
pub fn put(out: &mut Vec<u8>, kind: Kind, body: &[u8]) {
    let start = begin(out, kind);
    out.extend_from_slice(body);
    end(out, start);
}

/// Takes what is first; none if there are too few bytes.
fn take<T: FromBytes>(rest: &mut &[u8]) -> Option<T> {
    let (taken, others) = T::read_from_prefix(rest).ok()?;
    *rest = others;
    Some(taken)
}
