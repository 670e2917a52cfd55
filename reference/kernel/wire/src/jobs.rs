//! The body of a batch: a count (u32), then that many jobs.
//!
//! A job is its number of regions (u16), the regions, its length (u32) and its bytes.

use std::io;

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, TryFromBytes, Unaligned};

use crate::malformed;

/// Kinds of user memory.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, TryFromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(u8)]
pub enum Memory {
    /// Anonymous memory, of transparent huge pages at order 9.
    Anon = 1,
    /// A memfd, mapped shared.
    Memfd = 2,
    /// Pages of the hugetlb pool.
    Hugetlb = 3,
    /// A file of a file system on a disk, mapped shared.
    File = 4,
    /// Anonymous memory that is only read: the zero page.
    Zero = 5,
    /// The same in transparent huge pages: the huge zero page.
    HugeZero = 6,
}

/// Memory that a process in the guest maps for a job, as it is sent.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, TryFromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(C)]
pub struct Region {
    /// What memory it is.
    pub memory: Memory,
    /// Each compound page has 2^order pages.
    pub order: u8,
    /// How many compound pages there are, one after the other.
    pub count: U16,
}

impl Region {
    /// A region of so many compound pages of an order.
    pub const fn new(memory: Memory, order: u8, count: u16) -> Region {
        Region { memory, order, count: U16::new(count) }
    }
}

/// A job for the guest: what is mapped for it, and bytes that only the module reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestJob<'a> {
    /// What is mapped, in order.
    pub regions: &'a [Region],
    /// What the module is given.
    pub bytes: &'a [u8],
}

impl<'a> GuestJob<'a> {
    /// Puts the body of a batch at the end of `out`.
    ///
    /// # Panics
    /// If a job has more than `u16::MAX` regions, or more than `u32::MAX` bytes.
    pub fn put_all(jobs: &[GuestJob<'_>], out: &mut Vec<u8>) {
        out.extend_from_slice(&(jobs.len() as u32).to_le_bytes());
        for GuestJob { regions, bytes } in jobs {
            let count = u16::try_from(regions.len()).expect("at most u16::MAX regions");
            out.extend_from_slice(&count.to_le_bytes());
            out.extend_from_slice(regions.as_bytes());
            let length = u32::try_from(bytes.len()).expect("at most u32::MAX bytes");
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(bytes);
        }
    }

    /// The jobs in the body of a batch.
    pub fn all_of(body: &'a [u8]) -> io::Result<Vec<GuestJob<'a>>> {
        let mut rest = body;
        let count = take::<U32>(&mut rest)?.get();
        (0..count).map(|_| GuestJob::take(&mut rest)).collect()
    }

    fn take(rest: &mut &'a [u8]) -> io::Result<GuestJob<'a>> {
        let count = take::<U16>(rest)?.get();
        let regions = take_bytes(rest, usize::from(count) * size_of::<Region>())?;
        let regions = <[Region]>::try_ref_from_bytes(regions)
            .map_err(|_| malformed("a region of an unknown kind of memory"))?;
        let length = take::<U32>(rest)?.get();
        Ok(GuestJob { regions, bytes: take_bytes(rest, length as usize)? })
    }
}

fn take<T: FromBytes>(rest: &mut &[u8]) -> io::Result<T> {
    let bytes = take_bytes(rest, size_of::<T>())?;
    Ok(T::read_from_bytes(bytes).expect("as many bytes as it has"))
}

fn take_bytes<'a>(rest: &mut &'a [u8], length: usize) -> io::Result<&'a [u8]> {
    rest.split_off(..length).ok_or_else(|| malformed("a short batch"))
}
