//! The body of a batch: a count (u32), then that many jobs.
//!
//! A job is its number of regions (u16), the regions, its length (u32) and its bytes.

use zerocopy::little_endian::{U16, U32};
use zerocopy::{Immutable, IntoBytes, KnownLayout, TryFromBytes, Unaligned};

use crate::{Malformed, take};

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

const SHORT: Malformed = Malformed("a short batch");

/// A job for the guest: what is mapped for it, and bytes that only the module reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestJob<'a> {
    /// What is mapped, in order.
    pub regions: &'a [Region],
    /// What the module is given.
    pub bytes: &'a [u8],
}

impl GuestJob<'_> {
    /// Puts the job at the end of a batch's body, which starts with the number of its jobs.
    ///
    /// # Panics
    /// If the job has more than `u16::MAX` regions, or more than `u32::MAX` bytes.
    pub fn put(&self, out: &mut Vec<u8>) {
        let count = u16::try_from(self.regions.len()).expect("at most u16::MAX regions");
        out.extend_from_slice(&count.to_le_bytes());
        out.extend_from_slice(self.regions.as_bytes());
        let length = u32::try_from(self.bytes.len()).expect("at most u32::MAX bytes");
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(self.bytes);
    }
}

/// The jobs of a batch, read in place. An error is the last that there is.
#[derive(Clone, Debug)]
pub struct GuestJobs<'a> {
    left: usize,
    rest: &'a [u8],
}

impl<'a> GuestJobs<'a> {
    /// The jobs in the body of a batch.
    pub fn new(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut rest = body;
        let left = take::<U32>(&mut rest).ok_or(SHORT)?.get() as usize;
        Ok(GuestJobs { left, rest })
    }

    fn take_job(&mut self) -> Result<GuestJob<'a>, Malformed> {
        let count = take::<U16>(&mut self.rest).ok_or(SHORT)?.get();
        let length = usize::from(count) * size_of::<Region>();
        let regions = self.rest.split_off(..length).ok_or(SHORT)?;
        let regions = <[Region]>::try_ref_from_bytes(regions)
            .map_err(|_| Malformed("a region of an unknown kind of memory"))?;
        let length = take::<U32>(&mut self.rest).ok_or(SHORT)?.get() as usize;
        let bytes = self.rest.split_off(..length).ok_or(SHORT)?;
        Ok(GuestJob { regions, bytes })
    }
}

impl<'a> Iterator for GuestJobs<'a> {
    type Item = Result<GuestJob<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let job = self.take_job();
        if job.is_err() {
            self.left = 0;
        }
        Some(job)
    }
}
