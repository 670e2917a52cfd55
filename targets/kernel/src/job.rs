//! A case as a job for the kernel module: `struct pagediff_job` of
//! `reference/kernel/module/uapi.h`, then the case's bytes.

use put_user_page_case::layout::MAX_RECORDS;
use put_user_page_case::{Case, FolioRecord, Record, Source};
use put_user_page_kernel::{GuestJob, Memory, Region};
use put_user_page_targets::backend::{Class, Job};
use zerocopy::little_endian::U32;
use zerocopy::{Immutable, IntoBytes};

use crate::api::Api;

/// `struct pagediff_job`.
#[derive(IntoBytes, Immutable)]
#[repr(C)]
struct Header {
    api: u8,
    flags: u8,
    padding: [u8; 2],
    steps: U32,
}

/// `PAGEDIFF_FREE`.
const FREE: u8 = 1;
/// `PAGEDIFF_UNDEFINED`.
const UNDEFINED: u8 = 2;

/// A job for the guest.
pub(crate) struct KernelJob {
    regions: Vec<Region>,
    bytes: Vec<u8>,
}

impl KernelJob {
    /// With `free`, the kernel's pages really go.
    pub(crate) fn new(job: &Job<'_>, api: Api, free: bool) -> KernelJob {
        let undefined = job.class == Class::OverRelease;
        // enum pagediff_api.
        let api = match api {
            Api::Patch | Api::Unpin => 0,
            Api::ReleasePages => 1,
            Api::Fast => 2,
            Api::Candidate => 3,
        };
        let flags = [(free, FREE), (undefined, UNDEFINED)];
        let flags = flags.iter().filter(|(is_set, _)| *is_set).fold(0, |all, (_, flag)| all | flag);
        let steps = (job.world.steps.len() as u32).into();
        let mut bytes = Header { api, flags, padding: [0; 2], steps }.as_bytes().to_vec();
        push_records(&mut bytes, job.case);
        KernelJob { regions: regions(job), bytes }
    }

    pub(crate) fn guest_job(&self) -> GuestJob<'_> {
        GuestJob { regions: &self.regions, bytes: &self.bytes }
    }
}

/// The records that count, which is all that the module has room for.
fn push_records(bytes: &mut Vec<u8>, case: &Case) {
    if case.records.len() <= MAX_RECORDS {
        bytes.extend(case.encode());
        return;
    }
    let (mut of_world, mut others) = (0, 0);
    for &record in &case.records {
        let count = if record.is_of_world() { &mut of_world } else { &mut others };
        *count += 1;
        if *count <= MAX_RECORDS {
            bytes.extend(Case { records: vec![record] }.encode());
        }
    }
}

/// The user memory for each folio record whose pages come from a mapping.
fn regions(job: &Job<'_>) -> Vec<Region> {
    if !job.world.folios.iter().any(|folio| folio.from.is_mapping()) {
        return Vec::new();
    }
    let folios = job.case.records.iter().filter_map(|record| match record {
        Record::Folio(folio) => Some(folio),
        _ => None,
    });
    let region = |(group, folio): (usize, &FolioRecord)| {
        let memory = match folio.from {
            Source::Kernel => return None,
            Source::Anon => Memory::Anon,
            Source::Memfd => Memory::Memfd,
            Source::Hugetlb => Memory::Hugetlb,
            Source::File => Memory::File,
            Source::Zero => Memory::Zero,
            Source::HugeZero => Memory::HugeZero,
        };
        let (_, pages) = job.world.layout.pages_of_group(group)?;
        Some(Region::new(memory, folio.order, (pages >> folio.order) as u16))
    };
    folios.enumerate().filter_map(region).collect()
}
