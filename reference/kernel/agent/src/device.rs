//! The module's device. reference/kernel/module/uapi.h has the same in C.

use std::fs::{self, File};
use std::io;

use rustix::ioctl::{Updater, ioctl, opcode};

/// A region as the module takes it.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct MappedRegion {
    /// Where it is mapped; 0 where it could not be.
    pub(crate) address: u64,
    pub(crate) source: u8,
    pub(crate) order: u8,
    pub(crate) count: u16,
    /// Why it could not be mapped, an errno; else 0.
    pub(crate) error: u32,
}

#[repr(C)]
struct PagediffRun {
    job: u64,
    job_len: u32,
    nregions: u32,
    regions: u64,
    answer: u64,
    answer_max: u32,
    answer_len: u32,
    spoilt: u32,
    padding: u32,
}

const RUN: rustix::ioctl::Opcode = opcode::read_write::<PagediffRun>(b'P', 1);

const PATH: &str = "/dev/pagediff";

/// The module's device, open.
pub(crate) struct Device(File);

impl Device {
    pub(crate) fn open() -> Result<Device, String> {
        let file = File::options().read(true).write(true).open(PATH);
        file.map(Device).map_err(|why| format!("{PATH} cannot be opened: {why}"))
    }

    /// What the module says of itself.
    pub(crate) fn about() -> Result<String, String> {
        fs::read_to_string(PATH).map_err(|why| format!("{PATH} cannot be read: {why}"))
    }

    /// Runs a job; its answer goes behind what `out` holds, into at most `longest` bytes.
    /// Returns whether the regions' pages are for no other job.
    pub(crate) fn run(
        &self,
        job: &[u8],
        regions: &[MappedRegion],
        out: &mut Vec<u8>,
        longest: usize,
    ) -> io::Result<bool> {
        out.reserve(longest);
        let mut run = PagediffRun {
            job: job.as_ptr() as u64,
            job_len: job.len() as u32,
            nregions: regions.len() as u32,
            regions: regions.as_ptr() as u64,
            answer: out.spare_capacity_mut().as_mut_ptr() as u64,
            answer_max: longest as u32,
            answer_len: 0,
            spoilt: 0,
            padding: 0,
        };
        // SAFETY: the opcode takes a `PagediffRun` and writes to no more than it.
        let update = unsafe { Updater::<RUN, PagediffRun>::new(&mut run) };
        // SAFETY: the module reads the job and the regions as long as they are, and writes
        // at most `answer_max` bytes, which were reserved.
        unsafe { ioctl(&self.0, update) }?;
        let length = run.answer_len as usize;
        assert!(length <= longest, "the module answers {length} bytes where {longest} fit");
        // SAFETY: the module has written so many bytes into the reserved ones.
        unsafe { out.set_len(out.len() + length) };
        Ok(run.spoilt != 0)
    }
}
