//! Arrays that end where memory ends: who reads or writes behind the last entry does not come
//! back from it, with a sanitizer or without.

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::slice;

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};
use rustix::param::page_size;

use crate::asan;

/// Room for an array, and behind it a page that nobody may touch.
#[derive(Debug)]
pub(crate) struct GuardedArray<T> {
    /// Where the array ends, and the guard begins.
    end: NonNull<T>,
    capacity: usize,
    /// How many entries the array has: the last of the room.
    length: usize,
    /// How many bytes are mapped before the guard.
    size: usize,
}

/// Entries before an array that [`GuardedArray::blank_before`] makes blank, beside what is left of
/// a longer one.
const BLANK: usize = 512;

impl<T: Copy> GuardedArray<T> {
    /// Room for so many entries. The array is empty.
    ///
    /// # Panics
    ///
    /// There is no memory.
    pub(crate) fn new(capacity: usize) -> Self {
        let guard = page_size();
        assert!(size_of::<T>() > 0 && guard.is_multiple_of(align_of::<T>()));
        let size = (capacity * size_of::<T>()).next_multiple_of(guard);
        // SAFETY: new memory, at an address that the system chooses, is nobody else's.
        let start = unsafe {
            let access = ProtFlags::READ | ProtFlags::WRITE;
            rustix::mm::mmap_anonymous(ptr::null_mut(), size + guard, access, MapFlags::PRIVATE)
        };
        let start = start.expect("there is memory for an array of entries");
        // SAFETY: the guard is the last page of what was mapped.
        let end = unsafe { start.byte_add(size) };
        // SAFETY: it was mapped above, and nothing lies in it.
        let guarded = unsafe { rustix::mm::mprotect(end, guard, MprotectFlags::empty()) };
        guarded.expect("memory of one's own can be made inaccessible");
        // So that the sanitizer names the line that touches it, where there is one.
        asan::poison_range(end, guard);
        let end = NonNull::new(end.cast()).expect("no mapping is at address 0");
        GuardedArray { end, capacity, length: 0, size }
    }

    /// Makes these the array's entries.
    pub(crate) fn fill(&mut self, entries: impl ExactSizeIterator<Item = T>) {
        self.length = 0;
        let length = entries.len();
        // SAFETY: the last `capacity` entries before the guard are this array's, and nobody else
        // has a reference to them.
        let room: &mut [MaybeUninit<T>] =
            unsafe { slice::from_raw_parts_mut(self.start_of(length).cast(), length) };
        let mut written = 0;
        // Plain enough to become a copy of memory where the entries are in memory.
        for (place, entry) in room.iter_mut().zip(entries) {
            place.write(entry);
            written += 1;
        }
        assert_eq!(written, length, "an iterator that ends before its end");
        self.length = length;
    }

    /// The first entry; with no entries, the guard.
    pub(crate) fn as_mut_ptr(&mut self) -> *mut T {
        self.start_of(self.length)
    }

    /// Where an array of so many entries begins.
    fn start_of(&self, length: usize) -> *mut T {
        assert!(length <= self.capacity, "{length} entries in an array of {}", self.capacity);
        // SAFETY: inside of the room, or at its end.
        unsafe { self.end.sub(length).as_ptr() }
    }

    /// The entries.
    pub(crate) fn as_slice(&self) -> &[T] {
        // SAFETY: `fill` has written the last `length` entries before the guard, and whoever writes
        // to them has this array alone.
        unsafe { slice::from_raw_parts(self.start_of(self.length), self.length) }
    }

    /// Makes zeros of what is left before the array of one that had so many entries, and of what
    /// somebody may have written there.
    pub(crate) fn blank_before(&mut self, length_before: usize) {
        let stale = length_before.saturating_sub(self.length) + BLANK;
        let stale = stale.min(self.capacity - self.length);
        // SAFETY: inside of the room. They are no entries, and nobody reads them as such here.
        unsafe { self.start_of(self.length + stale).write_bytes(0, stale) }
    }
}

impl<T> Drop for GuardedArray<T> {
    fn drop(&mut self) {
        let guard = page_size();
        let end: *mut c_void = self.end.as_ptr().cast();
        asan::unpoison_range(end, guard);
        let start = end.wrapping_byte_sub(self.size);
        // SAFETY: what was mapped, whole; nobody has a pointer into it any more.
        let unmapped = unsafe { rustix::mm::munmap(start, self.size + guard) };
        debug_assert!(unmapped.is_ok(), "{unmapped:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_ends_where_nobody_may_read() {
        let mut array = GuardedArray::new(1000);
        for length in [3, 1000, 0, 1] {
            array.fill((0..length).map(|number| number + 7_usize));
            assert!(array.as_slice().iter().copied().eq(7..7 + length));
            let end = array.as_slice().as_ptr_range().end.addr();
            let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux has it");
            let guard = maps.lines().find(|line| line.starts_with(&format!("{end:x}-")));
            assert!(guard.is_some_and(|line| line.contains(" ---p ")), "{end:x} in {maps}");
        }
    }

    #[test]
    fn nothing_is_left_before_an_array() {
        let mut array = GuardedArray::new(1000);
        array.fill((0..900).map(|_| usize::MAX));
        array.fill((0..2).map(|_| usize::MAX));
        array.blank_before(900);
        // SAFETY: inside of the room, and zero.
        let before = unsafe { slice::from_raw_parts(array.start_of(1000), 998) };
        assert_eq!(before, [0_usize; 998]);
    }
}
