//! The body of a batch: a count (u32), then that many jobs.
//!
//! A job is its number of regions (u16), the regions, its length (u32) and its bytes. A
//! region is its source (u8), its order (u8) and how many compound pages it has (u16).

use crate::{Malformed, take_array};

/// Where a region's memory comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Source {
    /// Anonymous memory, of transparent huge pages at order 9.
    Anon = 1,
    /// A memfd, mapped shared.
    Memfd = 2,
    /// Pages of the hugetlb pool.
    Hugetlb = 3,
    /// A file of a file system on a disk, mapped shared.
    File = 4,
}

/// Memory that a process in the guest maps for a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Where the memory comes from.
    pub source: Source,
    /// Each compound page has 2^order pages.
    pub order: u8,
    /// How many compound pages there are, one after the other.
    pub count: u16,
}

const REGION: usize = 4;

const SHORT: Malformed = Malformed("a short batch");

/// A job: the regions that are mapped for it, and bytes that only the module reads.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// What is mapped, in order.
    pub regions: Regions<'a>,
    /// What the module is given.
    pub bytes: &'a [u8],
}

/// Puts a job at the end of a batch's body, which starts with the number of its jobs.
///
/// # Panics
/// If the job has more than `u16::MAX` regions, or more than `u32::MAX` bytes.
pub fn put_job(out: &mut Vec<u8>, regions: &[Region], bytes: &[u8]) {
    let count = u16::try_from(regions.len()).expect("at most u16::MAX regions");
    out.extend_from_slice(&count.to_le_bytes());
    for Region { source, order, count } in regions {
        let [low, high] = count.to_le_bytes();
        out.extend_from_slice(&[*source as u8, *order, low, high]);
    }
    let length = u32::try_from(bytes.len()).expect("at most u32::MAX bytes");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(bytes);
}

/// The jobs of a batch, read in place.
#[derive(Clone, Debug)]
pub struct Jobs<'a> {
    left: usize,
    rest: &'a [u8],
}

impl<'a> Jobs<'a> {
    /// The jobs in the body of a batch.
    pub fn new(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut rest = body;
        let left = u32::from_le_bytes(take_array(&mut rest).ok_or(SHORT)?) as usize;
        Ok(Jobs { left, rest })
    }

    fn take_job(&mut self) -> Option<Job<'a>> {
        let count = u16::from_le_bytes(take_array(&mut self.rest)?);
        let regions = Regions(self.rest.split_off(..usize::from(count) * REGION)?);
        let length = u32::from_le_bytes(take_array(&mut self.rest)?) as usize;
        let bytes = self.rest.split_off(..length)?;
        Some(Job { regions, bytes })
    }
}

impl<'a> Iterator for Jobs<'a> {
    type Item = Result<Job<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let job = self.take_job();
        if job.is_none() {
            self.left = 0;
        }
        Some(job.ok_or(SHORT))
    }
}

/// The regions of a job, read in place.
#[derive(Clone, Copy, Debug)]
pub struct Regions<'a>(&'a [u8]);

impl Regions<'_> {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len() / REGION
    }

    /// The regions, in order.
    pub fn iter(&self) -> impl Iterator<Item = Result<Region, Malformed>> {
        self.0.chunks_exact(REGION).map(|bytes| {
            let source = match bytes[0] {
                1 => Source::Anon,
                2 => Source::Memfd,
                3 => Source::Hugetlb,
                4 => Source::File,
                _ => return Err(Malformed("a region of an unknown source")),
            };
            let count = u16::from_le_bytes([bytes[2], bytes[3]]);
            Ok(Region { source, order: bytes[1], count })
        })
    }
}
