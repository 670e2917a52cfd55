//! The last frames of a process that ends at a divergence. ClusterFuzz and honggfuzz sort crashes
//! by the first frames of their stacks, in which all divergences would be one bug: so each ends in
//! a function that is called as what differs, called by one that is called as where.
//!
//! Their names are not mangled, for a mangled one changes from build to build, and each build
//! would have new bugs. None is one that ClusterFuzz leaves out of stacks, which is what begins
//! with `abort`, `free`, `new` or `main`, or has `assert` in it; `scripts/oss-fuzz/check` shows it.

use std::hint::black_box;

use put_user_page_case::Function;
use put_user_page_targets::findings::Kind;

/// A function that is there for its name: it is on the stack while it calls the next, or aborts
/// if there is none.
#[repr(transparent)]
struct Frame(extern "C" fn(Option<Frame>) -> !);

/// Functions for their names, and which of them is meant by what.
macro_rules! frames {
    ($(#[$about:meta])* $all:ident, $meant:ident($by:ty): $($what:pat => $name:ident,)*) => {
        $(#[$about])*
        pub const $all: &[&str] = &[$(stringify!($name)),*];
        fn $meant(by: $by) -> Frame {
            match by {
                $($what => Frame($name),)*
            }
        }
        $(
            // SAFETY: nothing else has this name.
            #[unsafe(no_mangle)]
            #[inline(never)]
            extern "C" fn $name(next: Option<Frame>) -> ! {
                // No two have the same code, or a linker may make them one.
                black_box(stringify!($name));
                match next {
                    Some(Frame(next)) => next(None),
                    // SAFETY: ends the process.
                    None => unsafe { libc::abort() },
                }
            }
        )*
    };
}

frames! {
    /// What a divergence is, as the first frame tells it.
    KINDS, what(Kind):
    Kind::Crashed => backend_crashed,
    Kind::Hung => backend_hung,
    Kind::Forms => forms_differ,
    Kind::StrayWrite => stray_write,
    Kind::LockKept => page_lock_kept,
    Kind::SecondLock => second_page_lock,
    Kind::FreedLocked => page_freed_under_lock,
    Kind::RefcountHigh => refcount_too_high,
    Kind::RefcountLow => refcount_too_low,
    Kind::NotFreed => page_not_freed,
    Kind::Freed => page_wrongly_freed,
    Kind::Pins => pins_differ,
    Kind::Dirty => page_wrongly_dirty,
    Kind::Clean => page_wrongly_clean,
    Kind::Locked => page_lock_differs,
    Kind::StoppedAt => stopped_elsewhere,
    Kind::Events => events_differ,
    Kind::Count => count_differs,
}

frames! {
    /// Which function shows a divergence, as the second frame tells it.
    PLACES, place(Option<Function>):
    Some(Function::PutUserPage) => in_put_user_page,
    Some(Function::PutUserPages) => in_put_user_pages,
    Some(Function::PutUserPagesDirty) => in_put_user_pages_dirty,
    Some(Function::PutUserPagesDirtyLock) => in_put_user_pages_dirty_lock,
    Some(Function::UnpinUserPage) => in_unpin_user_page,
    Some(Function::UnpinUserPages) => in_unpin_user_pages,
    Some(Function::UnpinUserPagesDirtyLock { .. }) => in_unpin_user_pages_dirty_lock,
    Some(Function::UnpinUserPageRangeDirtyLock { .. }) => in_unpin_user_page_range_dirty_lock,
    Some(Function::UnpinFolio) => in_unpin_folio,
    Some(Function::UnpinFolios) => in_unpin_folios,
    Some(Function::UnpinUserFolio) => in_unpin_user_folio,
    None => in_no_call,
}

/// The name of the third frame.
pub const DIVERGENCE: &str = "put_user_page_divergence";

/// Aborts for a divergence of this kind that this function shows. ClusterFuzz looks at three
/// frames: this is the third, so that it never is one whose name is mangled.
// SAFETY: nothing else has this name.
#[unsafe(no_mangle)]
#[inline(never)]
pub(crate) fn put_user_page_divergence(kind: Kind, function: Option<Function>) -> ! {
    let Frame(place) = place(function);
    place(Some(what(kind)))
}
