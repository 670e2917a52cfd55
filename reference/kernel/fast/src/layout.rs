//! What the library takes a `struct page` for. The module holds that against its kernel's before
//! it gives it a page.

use core::ffi::{CStr, c_char};
use core::ptr::null;

use put_user_page::{Page, flags, offsets};

/// The names are the module's (`about.c`), flags by their bits.
const LAYOUT: [(&CStr, usize); 9] = [
    (c"size", size_of::<Page>()),
    (c"flags", offsets::FLAGS),
    (c"compound_head", offsets::COMPOUND_HEAD),
    (c"compound_order", offsets::COMPOUND_ORDER),
    (c"compound_pincount", offsets::COMPOUND_PINCOUNT),
    (c"_refcount", offsets::REFCOUNT),
    (c"PG_locked", flags::LOCKED.trailing_zeros() as usize),
    (c"PG_dirty", flags::DIRTY.trailing_zeros() as usize),
    (c"PG_head", flags::HEAD.trailing_zeros() as usize),
];

/// The field of a number, counted from 0, and its place; null if there is none.
///
/// # Safety
///
/// There is room for the place.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pagediff_fast_layout(number: usize, place: *mut usize) -> *const c_char {
    let Some((name, ours)) = LAYOUT.get(number) else { return null() };
    // SAFETY: as above.
    unsafe { place.write(*ours) };
    name.as_ptr()
}
