//! What the library asks of the kernel.

use put_user_page::{Hooks, Page, PageRef};

/// The kernel's own functions, by the module's names for them.
pub(crate) struct Kernel;

unsafe extern "C" {
    fn pagediff_hook_set_page_dirty(head: *mut Page);
    fn pagediff_hook_lock_page(head: *mut Page);
    fn pagediff_hook_unlock_page(head: *mut Page);
    fn pagediff_hook_free_page(head: *mut Page);
    fn pagediff_hook_is_zero_page(head: *mut Page) -> bool;
    fn pagediff_hook_pins_released(head: *mut Page, pins: i32);
}

impl Hooks for Kernel {
    fn set_page_dirty(&self, head: PageRef<'_>) {
        // SAFETY: a head page that an entry holds.
        unsafe { pagediff_hook_set_page_dirty(head.as_ptr()) }
    }

    fn lock_page(&self, head: PageRef<'_>) {
        // SAFETY: as above; only functions that may sleep lock pages.
        unsafe { pagediff_hook_lock_page(head.as_ptr()) }
    }

    fn unlock_page(&self, head: PageRef<'_>) {
        // SAFETY: as above, and the lock was taken by the hook above.
        unsafe { pagediff_hook_unlock_page(head.as_ptr()) }
    }

    fn is_zero_page(&self, head: PageRef<'_>) -> bool {
        // SAFETY: as above; it looks at the address alone.
        unsafe { pagediff_hook_is_zero_page(head.as_ptr()) }
    }

    fn pins_released(&self, head: PageRef<'_>, pins: i32) {
        // SAFETY: as above.
        unsafe { pagediff_hook_pins_released(head.as_ptr(), pins) }
    }

    fn free_page(&self, head: PageRef<'_>) {
        // SAFETY: a head page whose last reference has just gone.
        unsafe { pagediff_hook_free_page(head.as_ptr()) }
    }
}
