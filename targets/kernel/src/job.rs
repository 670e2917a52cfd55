//! A case as a job for the kernel module: `struct pagediff_job` of
//! `reference/kernel/module/uapi.h`, then the case's bytes.

use put_user_page_case::layout::MAX_RECORDS;
use put_user_page_case::world::{Entry, Step, World};
use put_user_page_case::{Case, FolioRecord, Function, Record, Source};
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
/// `PAGEDIFF_RANGES`.
const RANGES: u8 = 2;
/// `PAGEDIFF_UNDEFINED`.
const UNDEFINED: u8 = 4;

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
        let (api, ranges) = match api {
            Api::Patch => (0, false),
            Api::ReleasePages => (1, false),
            Api::Unpin => (2, false),
            Api::UnpinRange => (2, true),
        };
        let flags = [(free, FREE), (ranges, RANGES), (undefined, UNDEFINED)];
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
        };
        let (_, pages) = job.world.layout.pages_of_group(group)?;
        Some(Region::new(memory, folio.order, (pages >> folio.order) as u16))
    };
    folios.enumerate().filter_map(region).collect()
}

/// Whether some call is on pages that lie side by side and go up, and has a function for
/// such.
pub(crate) fn has_ranges(world: &World) -> bool {
    world.steps.iter().any(|step| match step {
        Step::Call { function, array, entries } => {
            let has_function =
                matches!(function, Function::PutUserPages | Function::PutUserPagesDirtyLock);
            has_function && is_range(world.call_entries(*array, entries.clone()))
        }
        _ => false,
    })
}

/// Only pages of one compound page are sure to lie side by side in a kernel.
fn is_range(entries: &[Entry]) -> bool {
    let goes_up =
        |pair: &[Entry]| pair[1].frame == pair[0].frame + 1 && pair[1].folio == pair[0].folio;
    entries.len() > 1 && entries.windows(2).all(goes_up)
}
