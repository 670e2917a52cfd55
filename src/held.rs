//! What an entry holds of its page: a reference, or a pin. Releasing is the same but for this.

use crate::hooks::Hooks;
use crate::page::{GUP_PIN_COUNTING_BIAS, Left, PageRef};

/// What an entry holds.
pub(crate) trait Held {
    /// Whether the page has one left, for all that is known without taking it.
    fn is_left<H: Hooks + ?Sized>(head: PageRef<'_>, hooks: &H) -> bool;

    /// Drops so many (1 or more), and frees the page with its last reference.
    ///
    /// # Errors
    ///
    /// There were less, which are gone; the error is how many.
    fn drop<H: Hooks + ?Sized>(head: PageRef<'_>, count: i32, hooks: &H) -> Result<(), usize>;
}

/// A reference of its own.
pub(crate) enum Reference {}

impl Held for Reference {
    #[inline(always)]
    fn is_left<H: Hooks + ?Sized>(head: PageRef<'_>, _hooks: &H) -> bool {
        head.refcount() > 0
    }

    #[inline(always)]
    fn drop<H: Hooks + ?Sized>(head: PageRef<'_>, count: i32, hooks: &H) -> Result<(), usize> {
        if count > 1 {
            let before = head.refcount_fetch_sub(count);
            return if before > count { Ok(()) } else { run_out(head, before, count, hooks) };
        }
        match head.refcount_dec() {
            Left::Some => Ok(()),
            Left::None => run_out(head, 1, 1, hooks),
            Left::Short => run_out(head, 0, 1, hooks),
        }
    }
}

/// Frees the page if the last of `references` that were subtracted was its last; gives back
/// what it had not. `before` is what it had, and not above `references`. A call of its own, for the
/// loop is faster the less is in it.
///
/// # Errors
///
/// It had less; the error is how many.
#[cold]
#[inline(never)]
fn run_out<H: Hooks + ?Sized>(
    head: PageRef<'_>,
    before: i32,
    references: i32,
    hooks: &H,
) -> Result<(), usize> {
    let dropped = before.max(0);
    if dropped < references {
        head.refcount_add(references - dropped);
    }
    if before > 0 {
        hooks.free_page(head);
    }
    if dropped < references { Err(dropped as u32 as usize) } else { Ok(()) }
}

/// A pin: 1,024 references, or one and one of the pincount, or of the zero page nothing.
pub(crate) enum Pin {}

impl Held for Pin {
    #[inline(always)]
    fn is_left<H: Hooks + ?Sized>(head: PageRef<'_>, hooks: &H) -> bool {
        if hooks.is_zero_page(head) {
            return head.refcount() > 0;
        }
        if hooks.has_pincount(head) {
            head.pincount() > 0 && head.refcount() > 0
        } else {
            head.refcount() as u32 >= GUP_PIN_COUNTING_BIAS as u32
        }
    }

    #[inline(always)]
    fn drop<H: Hooks + ?Sized>(head: PageRef<'_>, count: i32, hooks: &H) -> Result<(), usize> {
        if hooks.is_zero_page(head) {
            return if head.refcount() > 0 { Ok(()) } else { Err(0) };
        }
        hooks.pins_released(head, count);
        if hooks.has_pincount(head) {
            drop_counted_pins(head, count, hooks)
        } else {
            drop_small_pins(head, count, hooks)
        }
    }
}

/// The most pins that the references of a small page can be: its refcount is looked at without a
/// sign, for the pin that takes it round `i32` is one, too.
const MOST_SMALL_PINS: i32 = (u32::MAX / GUP_PIN_COUNTING_BIAS as u32) as i32;

/// Drops pins of a page without a pincount.
#[inline(always)]
fn drop_small_pins<H: Hooks + ?Sized>(
    head: PageRef<'_>,
    pins: i32,
    hooks: &H,
) -> Result<(), usize> {
    if pins == 1 {
        return match head.refcount_sub_pin() {
            Left::Some => Ok(()),
            Left::None => small_pins_run_out(head, GUP_PIN_COUNTING_BIAS as u32, 1, hooks),
            Left::Short => small_pins_run_out(head, 0, 1, hooks),
        };
    }
    let asked = pins.min(MOST_SMALL_PINS);
    let references = asked as u32 * GUP_PIN_COUNTING_BIAS as u32;
    let before = head.refcount_fetch_sub(references as i32) as u32;
    if before > references && asked == pins {
        return Ok(());
    }
    small_pins_run_out(head, before, pins, hooks)
}

/// As [`run_out`], where `before` is all that a small page had and maybe less than so many pins.
#[cold]
#[inline(never)]
fn small_pins_run_out<H: Hooks + ?Sized>(
    head: PageRef<'_>,
    before: u32,
    pins: i32,
    hooks: &H,
) -> Result<(), usize> {
    let bias = GUP_PIN_COUNTING_BIAS as u32;
    let asked = pins.min(MOST_SMALL_PINS);
    let dropped = ((before / bias) as i32).min(asked);
    if dropped < asked {
        head.refcount_add((asked - dropped).wrapping_mul(GUP_PIN_COUNTING_BIAS));
    }
    let is_last = before == dropped as u32 * bias;
    settle(head, dropped, pins, is_last, hooks)
}

/// Of so many pins, these were dropped, maybe with the page's last reference: tells the node what
/// was missing, before it frees the page.
///
/// # Errors
///
/// Some were missing; the error is how many were dropped.
fn settle<H: Hooks + ?Sized>(
    head: PageRef<'_>,
    dropped: i32,
    pins: i32,
    is_last: bool,
    hooks: &H,
) -> Result<(), usize> {
    if dropped < pins {
        hooks.pins_released(head, dropped - pins);
    }
    if dropped > 0 && is_last {
        hooks.free_page(head);
    }
    if dropped < pins { Err(dropped as u32 as usize) } else { Ok(()) }
}

/// Drops pins of a page with a pincount: two locked operations, however many they are.
#[inline(always)]
fn drop_counted_pins<H: Hooks + ?Sized>(
    head: PageRef<'_>,
    pins: i32,
    hooks: &H,
) -> Result<(), usize> {
    let counted = head.pincount_fetch_sub(pins);
    if counted >= pins {
        let before = head.refcount_fetch_sub(pins);
        if before > pins {
            return Ok(());
        }
        return counted_pins_run_out(head, pins, before, pins, hooks);
    }
    too_few_counted_pins(head, counted, pins, hooks)
}

/// The pincount, from which `pins` were taken, had less: as many references go as it had.
#[cold]
#[inline(never)]
fn too_few_counted_pins<H: Hooks + ?Sized>(
    head: PageRef<'_>,
    counted: i32,
    pins: i32,
    hooks: &H,
) -> Result<(), usize> {
    let there = counted.max(0);
    head.pincount_add(pins - there);
    let before = if there > 0 { head.refcount_fetch_sub(there) } else { 0 };
    counted_pins_run_out(head, there, before, pins, hooks)
}

/// As [`run_out`]: of `pins` the pincount had `there`, and with these the page's last references may
/// be gone, of which it had `before`.
#[cold]
#[inline(never)]
fn counted_pins_run_out<H: Hooks + ?Sized>(
    head: PageRef<'_>,
    there: i32,
    before: i32,
    pins: i32,
    hooks: &H,
) -> Result<(), usize> {
    // Not clamp(), which would link a panic for bounds the wrong way round.
    let dropped = before.max(0).min(there);
    if dropped < there {
        head.refcount_add(there - dropped);
        head.pincount_add(there - dropped);
    }
    settle(head, dropped, pins, before == dropped, hooks)
}
