//! The frames between the runner on the host and the agent in the guest.
//!
//! A frame is its body's length (u32), its kind (u8) and its body; numbers are little-endian.
//! The host speaks first only after [`Kind::Hello`], unless the guest has said it before it was
//! saved and started again, and then asks for it again. It sends nothing while a batch runs,
//! so neither side ever writes to one that does not read.

mod jobs;
#[cfg(test)]
mod tests;

pub use jobs::{GuestJob, Memory, Region};

use std::io::{self, Read};

use zerocopy::little_endian::U32;
use zerocopy::{Immutable, IntoBytes, KnownLayout, TryFromBytes, Unaligned};

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
    /// Host to guest: a batch; [`GuestJob::all_of`] reads its body.
    Run = 1,
    /// Host to guest: asks for the kernel's counters.
    Stats = 2,
    /// Host to guest: asks for [`Kind::Hello`] again.
    Greet = 3,
    /// Host to guest: one more kernel module to load, whole; answered as [`Kind::Greet`] is.
    Load = 4,
    /// Guest to host: the guest is ready; `key value` lines.
    Hello = 16,
    /// Guest to host: the guest cannot work; a text that says why.
    Broken = 17,
    /// Guest to host: the answer to the next job of the batch, which is over when all its jobs
    /// are answered.
    Answer = 18,
    /// Guest to host: the text of /proc/vmstat.
    Vmstat = 20,
}

/// The error of bytes that are no frame, or no body of their kind.
fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Reads a whole frame into `body`, whose memory is kept; none where the stream ends before one.
pub fn read(stream: &mut impl Read, body: &mut Vec<u8>) -> io::Result<Option<Kind>> {
    let mut header = [0; HEADER];
    match stream.read_exact(&mut header) {
        Err(why) if why.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let Header { length, kind } = Header::try_read_from_bytes(&header)
        .map_err(|_| malformed("a frame of an unknown kind"))?;
    let length = length.get() as usize;
    if length > LONGEST {
        return Err(malformed("a frame that is too long"));
    }
    // From nothing on, so that the same is done whatever was read before.
    body.clear();
    body.resize(length, 0);
    stream.read_exact(body)?;
    Ok(Some(kind))
}

/// Puts a frame at the end of `out`; its body is what `write` puts there.
///
/// # Panics
/// If the body is longer than 64 MiB.
pub fn put<T>(out: &mut Vec<u8>, kind: Kind, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    let start = out.len();
    out.extend_from_slice(Header { length: U32::ZERO, kind }.as_bytes());
    let written = write(out);
    let length = out.len() - start - HEADER;
    assert!(length <= LONGEST, "a frame of {length} bytes");
    out[start..start + 4].copy_from_slice(&(length as u32).to_le_bytes());
    written
}
