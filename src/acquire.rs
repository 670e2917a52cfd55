//! Taking references and pins, as get_user_pages() and pin_user_pages() take them.

use crate::hooks::Hooks;
use crate::page::{GUP_PIN_COUNTING_BIAS, PageRef};

/// Takes one reference for each entry, on its head page, in array order, and returns
/// for how many entries that was done.
///
/// As in get_user_pages(), the first page that cannot be had ends it: one that is free
/// (refcount zero or less), or one whose refcount is `i32::MAX`. The entries before it
/// are pinned, the entry and those after it are not.
pub fn get_user_pages(pages: &[PageRef<'_>]) -> usize {
    pages.iter().take_while(|page| page.compound_head().try_get()).count()
}

/// Takes one pin for each entry, in array order, and returns for how many entries that was done.
///
/// A pin is 1,024 references of a small page, and one reference and one of the pincount of a page
/// that [has one](Hooks::has_pincount); of the zero page it is nothing. As in pin_user_pages()
/// (mm/gup.c of Linux 6.12), the first page that is free, with a refcount of zero or less, ends it.
/// So the pin that takes the refcount round `i32` is taken, and none after it.
pub fn pin_user_pages<H: Hooks + ?Sized>(pages: &[PageRef<'_>], hooks: &H) -> usize {
    pages.iter().take_while(|page| pin(page.compound_head(), hooks)).count()
}

/// Takes a pin of a head page; false if it is free.
fn pin<H: Hooks + ?Sized>(head: PageRef<'_>, hooks: &H) -> bool {
    if hooks.is_zero_page(head) {
        return head.refcount() > 0;
    }
    let has_pincount = hooks.has_pincount(head);
    let references = if has_pincount { 1 } else { GUP_PIN_COUNTING_BIAS };
    if !head.try_add(references) {
        return false;
    }
    // After the reference, by which nobody frees the page any more.
    if has_pincount {
        head.pincount_add(1);
    }
    hooks.pins_acquired(head, 1);
    true
}
