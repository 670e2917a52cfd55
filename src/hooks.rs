//! What a caller may hook into releasing pages.

use core::hint::spin_loop;

use crate::page::PageRef;

/// The steps of a release that a caller may watch or replace. The default bodies do the
/// work on the page; `()` takes all of them.
///
/// Every page given to a hook is a head page. A run's page is marked once, before its
/// references go: a hook that leaves it clean is not asked again for the run's other
/// entries.
pub trait Hooks {
    /// set_page_dirty(): marks the page dirty; if it was clean, its mapping, where it
    /// has one, counts and tags it. The page may be dirty already: somebody else may
    /// have marked it since it was looked at.
    #[inline]
    fn set_page_dirty(&self, head: PageRef<'_>) {
        if head.test_set_dirty() {
            return;
        }
        if let Some(mapping) = head.mapping() {
            mapping.page_dirtied();
        }
    }

    /// lock_page(): waits until nobody holds the page lock, then takes it.
    #[inline]
    fn lock_page(&self, head: PageRef<'_>) {
        while !head.try_lock() {
            while head.is_locked() {
                spin_loop();
            }
        }
    }

    /// unlock_page(): gives the page lock back.
    #[inline]
    fn unlock_page(&self, head: PageRef<'_>) {
        head.unlock();
    }

    /// set_page_dirty_lock(): takes the page lock, marks the page dirty and gives the lock back.
    #[inline]
    fn set_page_dirty_lock(&self, head: PageRef<'_>) {
        self.lock_page(head);
        self.set_page_dirty(head);
        self.unlock_page(head);
    }

    /// folio_has_pincount(): whether pins of this compound page are counted in its first tail page.
    /// Since Linux 5.18 each of order 1 or more has them there; before, those above order 1.
    #[inline]
    fn has_pincount(&self, head: PageRef<'_>) -> bool {
        head.is_head()
    }

    /// is_zero_folio(): whether it is the zero page, whose counts pins leave alone.
    #[inline]
    fn is_zero_page(&self, head: PageRef<'_>) -> bool {
        let _ = head;
        false
    }

    /// NR_FOLL_PIN_ACQUIRED of the page's node goes up by so many pins.
    #[inline]
    fn pins_acquired(&self, head: PageRef<'_>, pins: i32) {
        let _ = (head, pins);
    }

    /// NR_FOLL_PIN_RELEASED of the page's node goes up by so many pins, before the page may be
    /// freed. Where there were less, it goes down again by what was missing.
    #[inline]
    fn pins_released(&self, head: PageRef<'_>, pins: i32) {
        let _ = (head, pins);
    }

    /// __put_page(): takes the page, whose last reference is gone, out of use. Must
    /// leave what an entry check reads, as [`PageRef::poison_freed`] does.
    #[inline]
    fn free_page(&self, head: PageRef<'_>) {
        head.poison_freed();
    }
}

impl Hooks for () {
    /// Takes the lock and marks the page in one step, where nobody holds the lock.
    #[inline]
    fn set_page_dirty_lock(&self, head: PageRef<'_>) {
        if head.try_lock_and_set_dirty() {
            if let Some(mapping) = head.mapping() {
                mapping.page_dirtied();
            }
        } else {
            wait_for_lock_and_mark(head);
        }
        self.unlock_page(head);
    }
}

/// A call of its own, for the loop of a release is faster the less is in it.
#[cold]
#[inline(never)]
fn wait_for_lock_and_mark(head: PageRef<'_>) {
    ().lock_page(head);
    ().set_page_dirty(head);
}
