//! A candidate in Rust: put_user_pages(), one entry at a time.
//!
//! Needs no crate: `rustc --edition 2024 -O --crate-type cdylib put_each.rs -o put_each.so`.

#![allow(non_upper_case_globals, reason = "the header's names")]

use std::ffi::{c_int, c_uint, c_ulong, c_void};
use std::ptr::null;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

/// `struct page` of put_user_page.h: the fields that this uses, where they lie.
#[repr(C, align(64))]
pub struct Page {
    flags: AtomicUsize,
    compound_head: AtomicUsize,
    not_used: [u64; 4],
    mapcount: c_int,
    refcount: AtomicI32,
    memcg_data: u64,
}

/// `struct put_user_page_hooks` of put_user_page.h, as far as this uses it.
#[repr(C)]
pub struct Hooks {
    version: c_uint,
    page_size: c_uint,
    context: *mut c_void,
    mem_map: *mut Page,
    frames: c_ulong,
    lock_page: extern "C" fn(*mut c_void, *mut Page),
    trylock_page: extern "C" fn(*mut c_void, *mut Page) -> bool,
    unlock_page: extern "C" fn(*mut c_void, *mut Page),
    page_dirtied: extern "C" fn(*mut c_void, *mut Page),
    free_page: extern "C" fn(*mut c_void, *mut Page),
}

/// Set by the harness for the time of each call.
#[unsafe(no_mangle)]
pub static mut put_user_page_hooks: *const Hooks = null();

/// The head page of the page.
///
/// # Safety
///
/// The page is one of the harness's memory map.
unsafe fn compound_head(page: *mut Page) -> *mut Page {
    // SAFETY: a page of the map can be read.
    let word = unsafe { (*page).compound_head.load(Ordering::Relaxed) };
    if word & 1 == 0 { page } else { page.with_addr(word - 1) }
}

/// Releases every page of the array.
///
/// # Safety
///
/// `pages` is an array of `npages` pages of the harness's memory map, each with a reference.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn put_user_pages(pages: *mut *mut Page, npages: c_ulong) {
    for index in 0..npages as usize {
        // SAFETY: an entry of the array is a page of the map, whose head is one too.
        let head = unsafe { compound_head(*pages.add(index)) };
        // SAFETY: as above.
        if unsafe { (*head).refcount.fetch_sub(1, Ordering::AcqRel) } == 1 {
            // SAFETY: the harness has set the hooks for the time of this call.
            let hooks = unsafe { &*put_user_page_hooks };
            (hooks.free_page)(hooks.context, head);
        }
    }
}
