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
/// Addresses only: far more than the guest has memory.
const SIZE: usize = 64 << 30;

/// A range of addresses that regions are mapped into one after the other, and that is
/// given back as a whole: a job costs one call for each region, and one for all.
pub(crate) struct Arena {
    start: usize,
    used: usize,
    regions: Vec<MappedRegion>,
    /// Where there is none, regions of files cannot be mapped.
    disk: Option<Disk>,
}

impl Arena {
    pub(crate) fn new(disk: Option<Disk>) -> Result<Arena, String> {
        // SAFETY: the kernel finds room for a new mapping.
        let start =
            unsafe { mmap_anonymous(ptr::null_mut(), SIZE + HUGE, ProtFlags::empty(), RESERVED) };
        let start = start.map_err(|why| format!("no addresses for regions: {why}"))?;
        let start = (start as usize).next_multiple_of(HUGE);
        Ok(Arena { start, used: 0, regions: Vec::with_capacity(usize::from(u16::MAX)), disk })
    }

    /// Maps regions. One that cannot be mapped has the error instead of an address.
    pub(crate) fn map(&mut self, regions: &[Region]) -> &[MappedRegion] {
        self.regions.clear();
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

    /// Gives back what was mapped.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        if self.used == 0 {
            return Ok(());
        }
        let start = self.start as *mut c_void;
        let length = self.used.next_multiple_of(HUGE);
        // SAFETY: replaces mappings of this arena alone, to which there is no reference.
        unsafe { mmap_anonymous(start, length, ProtFlags::empty(), RESERVED | MapFlags::FIXED) }?;
        self.used = 0;
        // Behind the mapping, which would have to be searched for its pages.
        self.disk.as_mut().map_or(Ok(()), Disk::clear)
    }

    fn map_one(&mut self, region: &Region) -> io::Result<usize> {
        let Region { memory, order, count } = *region;
        let pages = usize::from(count.get()).checked_shl(order.into()).ok_or(Errno::NOMEM)?;
        let length = pages.checked_mul(PAGE).filter(|length| *length <= SIZE);
        let length = length.ok_or(Errno::NOMEM)?;
        if length == 0 {
            // The world had no room for them. Nobody asks where they are.
            return Ok(self.start);
        }
        let is_huge = order >= HUGE_ORDER || memory == Memory::Hugetlb;
        let address = self.take(length, if is_huge { HUGE } else { PAGE }).ok_or(Errno::NOMEM)?;
        let address = address as *mut c_void;
        match memory {
            Memory::Anon => map_anonymous(address, length, MapFlags::PRIVATE)?,
            Memory::Hugetlb => {
                let flags = MapFlags::PRIVATE | MapFlags::HUGETLB | MapFlags::HUGE_2MB;
                map_anonymous(address, length, flags)?;
            }
            Memory::Memfd => map_shared(address, length, &new_memfd(length)?, 0)?,
            Memory::File => {
                let disk = self.disk.as_mut().ok_or(Errno::NODEV)?;
                let offset = disk.grow(length as u64)?;
                map_shared(address, length, disk.file(), offset)?;
            }
        }
        if matches!(memory, Memory::Anon | Memory::Memfd) {
            let advice = if is_huge { Advice::LinuxHugepage } else { Advice::LinuxNoHugepage };
            // SAFETY: the mapping is new and nobody's; advice does not change what it holds.
            match unsafe { madvise(address, length, advice) } {
                // A kernel without transparent huge pages: there is nothing to advise.
                Ok(()) | Err(Errno::INVAL) => {}
                Err(why) => return Err(why.into()),
            }
        }
        Ok(address as usize)
    }

    /// Takes addresses, with a page behind them that is not mapped.
    fn take(&mut self, length: usize, align: usize) -> Option<usize> {
        let offset = self.used.next_multiple_of(align);
        let used = offset.checked_add(length + PAGE).filter(|used| *used <= SIZE)?;
        self.used = used;
        Some(self.start + offset)
    }
}

const RESERVED: MapFlags = MapFlags::PRIVATE.union(MapFlags::NORESERVE);
const READ_WRITE: ProtFlags = ProtFlags::READ.union(ProtFlags::WRITE);

fn map_anonymous(address: *mut c_void, length: usize, flags: MapFlags) -> Result<(), Errno> {
    // SAFETY: the addresses are of the arena and not in use.
    unsafe { mmap_anonymous(address, length, READ_WRITE, flags | MapFlags::FIXED) }.map(drop)
}

fn new_memfd(length: usize) -> Result<OwnedFd, Errno> {
    let file = memfd_create("pagediff", MemfdFlags::CLOEXEC)?;
    ftruncate(&file, length as u64)?;
    Ok(file)
}

fn map_shared(
    address: *mut c_void,
    length: usize,
    file: impl AsFd,
    offset: u64,
) -> Result<(), Errno> {
    let flags = MapFlags::SHARED | MapFlags::FIXED;
    // SAFETY: the addresses are of the arena and not in use.
    unsafe { mmap(address, length, READ_WRITE, flags, file, offset) }.map(drop)
}
