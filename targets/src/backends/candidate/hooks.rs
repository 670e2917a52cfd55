//! The table of hooks that a candidate gets: `struct put_user_page_hooks` of
//! `c/put_user_page.h`.

use std::ffi::{c_long, c_uint, c_ulong, c_void};
use std::process::abort;

use put_user_page::{Hooks as _, MemoryMap, Page, PageRef};

use crate::backends::page_map::Recorder;

type PageHook = extern "C" fn(context: *mut c_void, page: *mut Page);
type PagePredicate = extern "C" fn(context: *mut c_void, page: *mut Page) -> bool;
type PinsHook = extern "C" fn(context: *mut c_void, page: *mut Page, pins: c_long);

/// `struct put_user_page_hooks`.
#[derive(Debug)]
#[repr(C)]
pub(super) struct HooksTable {
    version: c_uint,
    page_size: c_uint,
    context: *mut c_void,
    mem_map: *mut Page,
    frames: c_ulong,
    lock_page: PageHook,
    trylock_page: PagePredicate,
    unlock_page: PageHook,
    page_dirtied: PageHook,
    free_page: PageHook,
    is_zero_page: PagePredicate,
    pins_acquired: PinsHook,
    pins_released: PinsHook,
}

impl HooksTable {
    /// A table for calls during which `recorder` stays where it is.
    pub(super) fn new(map: MemoryMap<'static>, recorder: &Recorder) -> Self {
        HooksTable {
            version: 2,
            page_size: size_of::<Page>() as c_uint,
            context: std::ptr::from_ref(recorder).cast_mut().cast(),
            mem_map: map.page(0).map_or(std::ptr::null_mut(), PageRef::as_ptr),
            frames: map.frames() as c_ulong,
            lock_page,
            trylock_page,
            unlock_page,
            page_dirtied,
            free_page,
            is_zero_page,
            pins_acquired,
            pins_released,
        }
    }
}

/// The recorder behind a hook's context, and the page that the candidate names. A page
/// that is not in the map ends the process: C code cannot be unwound through.
fn arguments<'a>(context: *mut c_void, page: *mut Page) -> (&'a Recorder, PageRef<'static>) {
    // SAFETY: the context is a recorder that outlives the call that the hook is called
    // from, and is only shared.
    let recorder = unsafe { &*context.cast::<Recorder>().cast_const() };
    match recorder.page_at(page.addr()) {
        Some(page) => (recorder, page),
        None => {
            eprintln!("the candidate gave a hook {page:?}, which is no struct page of the map");
            abort();
        }
    }
}

extern "C" fn lock_page(context: *mut c_void, page: *mut Page) {
    let (recorder, page) = arguments(context, page);
    recorder.lock_page(page);
}

extern "C" fn trylock_page(context: *mut c_void, page: *mut Page) -> bool {
    let (recorder, page) = arguments(context, page);
    recorder.try_lock_page(page)
}

extern "C" fn unlock_page(context: *mut c_void, page: *mut Page) {
    let (recorder, page) = arguments(context, page);
    recorder.unlock_page(page);
}

extern "C" fn page_dirtied(context: *mut c_void, page: *mut Page) {
    let (recorder, page) = arguments(context, page);
    recorder.page_dirtied(page);
}

extern "C" fn free_page(context: *mut c_void, page: *mut Page) {
    let (recorder, page) = arguments(context, page);
    recorder.free_page(page);
}

extern "C" fn is_zero_page(context: *mut c_void, page: *mut Page) -> bool {
    let (recorder, page) = arguments(context, page);
    recorder.is_zero_page(page)
}

extern "C" fn pins_acquired(context: *mut c_void, page: *mut Page, pins: c_long) {
    let (recorder, page) = arguments(context, page);
    recorder.pins_acquired(page, counted(pins));
}

extern "C" fn pins_released(context: *mut c_void, page: *mut Page, pins: c_long) {
    let (recorder, page) = arguments(context, page);
    recorder.pins_released(page, counted(pins));
}

/// So many pins as the recorder counts them: a call is on fewer entries than that, and more are
/// told apart from what is right in any case.
fn counted(pins: c_long) -> i32 {
    i32::try_from(pins).unwrap_or(if pins < 0 { i32::MIN } else { i32::MAX })
}
