//! The memory that a job's regions are mapped to.

use std::ffi::c_void;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr;

use put_user_page_kernel_wire::{Memory, Region};
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap, mmap_anonymous};

use crate::device::MappedRegion;
use crate::disk::Disk;

const PAGE: usize = 4096;
const HUGE: usize = 2 << 20;
/// The order of a huge page.
const HUGE_ORDER: u8 = 9;
/// As much as all pages of a case: no job has more of one kind.
const AREA: usize = 8192 * PAGE;
/// From one area's start to the next one's: nothing is mapped in between.
const STRIDE: usize = 2 * AREA;

/// The kinds of memory, and whether it is in huge pages.
const KINDS: [(Memory, bool); 8] = [
    (Memory::Anon, false),
    (Memory::Anon, true),
    (Memory::Memfd, false),
    (Memory::Memfd, true),
    (Memory::Hugetlb, true),
    (Memory::File, false),
    (Memory::Zero, false),
    (Memory::HugeZero, true),
];

/// Memory of one kind. It stays mapped from job to job: a page that is new costs more than all
/// else that a job does.
#[derive(Clone, Copy, Default)]
struct Area {
    is_mapped: bool,
    /// How much of it the job has.
    used: usize,
}

/// The addresses that regions lie at: an area for each kind of memory.
pub(crate) struct Arena {
    start: usize,
    areas: [Area; KINDS.len()],
    regions: Vec<MappedRegion>,
    /// Where there is none, regions of files cannot be mapped.
    disk: Option<Disk>,
}

impl Arena {
    pub(crate) fn new(disk: Option<Disk>) -> Result<Arena, String> {
        let length = KINDS.len() * STRIDE + HUGE;
        // SAFETY: the kernel finds room for a new mapping.
        let start =
            unsafe { mmap_anonymous(ptr::null_mut(), length, ProtFlags::empty(), RESERVED) };
        let start = start.map_err(|why| format!("no addresses for regions: {why}"))?;
        let start = (start as usize).next_multiple_of(HUGE);
        let regions = Vec::with_capacity(usize::from(u16::MAX));
        Ok(Arena { start, areas: Default::default(), regions, disk })
    }

    /// Gives a job its regions. One that cannot be had has the error instead of an address.
    pub(crate) fn map(&mut self, regions: &[Region]) -> &[MappedRegion] {
        self.regions.clear();
        for area in &mut self.areas {
            area.used = 0;
        }
        for region in regions {
            let (address, error) = match self.map_one(region) {
                Ok(address) => (address as u64, 0),
                // What is no error of the kernel's is one of the disk's.
                Err(why) => (0, why.raw_os_error().unwrap_or(Errno::IO.raw_os_error())),
            };
            let Region { memory, order, count } = *region;
            let (source, count, error) = (memory as u8, count.get(), error.cast_unsigned());
            self.regions.push(MappedRegion { address, source, order, count, error });
        }
        &self.regions
    }

    /// Gives back all memory, so that the next job gets new pages.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        let start = self.start as *mut c_void;
        let length = KINDS.len() * STRIDE;
        // SAFETY: replaces mappings of this arena alone, to which there is no reference.
        unsafe { mmap_anonymous(start, length, ProtFlags::empty(), RESERVED | MapFlags::FIXED) }?;
        self.areas = Default::default();
        // Behind the mapping, which would have to be searched for its pages.
        self.disk.as_mut().map_or(Ok(()), Disk::clear)
    }

    fn map_one(&mut self, region: &Region) -> io::Result<usize> {
        let Region { memory, order, count } = *region;
        let pages = usize::from(count.get()).checked_shl(order.into()).ok_or(Errno::NOMEM)?;
        let length = pages.checked_mul(PAGE).ok_or(Errno::NOMEM)?;
        if length == 0 {
            // The world had no room for them. Nobody asks where they are.
            return Ok(self.start);
        }
        let is_huge = match memory {
            Memory::Hugetlb | Memory::HugeZero => true,
            Memory::File | Memory::Zero => false,
            Memory::Anon | Memory::Memfd => order >= HUGE_ORDER,
        };
        let kind = KINDS.iter().position(|kind| *kind == (memory, is_huge));
        let kind = kind.expect("all are there");
        let start = self.start + kind * STRIDE;
        let offset = self.areas[kind].used;
        let used = offset.checked_add(length).filter(|used| *used <= AREA).ok_or(Errno::NOMEM)?;
        if !self.areas[kind].is_mapped {
            self.map_area(start as *mut c_void, memory, is_huge)?;
            self.areas[kind].is_mapped = true;
        }
        self.areas[kind].used = used;
        Ok(start + offset)
    }

    fn map_area(&mut self, address: *mut c_void, memory: Memory, is_huge: bool) -> io::Result<()> {
        match memory {
            Memory::Anon | Memory::Zero | Memory::HugeZero => {
                map_anonymous(address, MapFlags::PRIVATE)?;
            }
            Memory::Hugetlb => {
                // Not reserved: a pool that has fewer pages serves as far as they go.
                let flags = MapFlags::PRIVATE | MapFlags::HUGETLB | MapFlags::HUGE_2MB;
                map_anonymous(address, flags | MapFlags::NORESERVE)?;
            }
            Memory::Memfd => map_shared(address, &new_memfd()?, 0)?,
            Memory::File => {
                let disk = self.disk.as_mut().ok_or(Errno::NODEV)?;
                let offset = disk.grow(AREA as u64)?;
                map_shared(address, disk.file(), offset)?;
            }
        }
        if !matches!(memory, Memory::Hugetlb | Memory::File) {
            let advice = if is_huge { Advice::LinuxHugepage } else { Advice::LinuxNoHugepage };
            // SAFETY: the mapping is new and nobody's; advice does not change what it holds.
            match unsafe { madvise(address, AREA, advice) } {
                // A kernel without transparent huge pages: there is nothing to advise.
                Ok(()) | Err(Errno::INVAL) => {}
                Err(why) => return Err(why.into()),
            }
        }
        Ok(())
    }
}

const RESERVED: MapFlags = MapFlags::PRIVATE.union(MapFlags::NORESERVE);
const READ_WRITE: ProtFlags = ProtFlags::READ.union(ProtFlags::WRITE);

fn map_anonymous(address: *mut c_void, flags: MapFlags) -> Result<(), Errno> {
    // SAFETY: the addresses are of the arena and not in use.
    unsafe { mmap_anonymous(address, AREA, READ_WRITE, flags | MapFlags::FIXED) }.map(drop)
}

fn new_memfd() -> Result<OwnedFd, Errno> {
    let file = memfd_create("pagediff", MemfdFlags::CLOEXEC)?;
    ftruncate(&file, AREA as u64)?;
    Ok(file)
}

fn map_shared(address: *mut c_void, file: impl AsFd, offset: u64) -> Result<(), Errno> {
    let flags = MapFlags::SHARED | MapFlags::FIXED;
    // SAFETY: the addresses are of the arena and not in use.
    unsafe { mmap(address, AREA, READ_WRITE, flags, file, offset) }.map(drop)
}
