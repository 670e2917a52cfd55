//! A module that misbehaves in calls that no committed case makes.

use std::sync::LazyLock;

use super::common::Ran;
use super::module_copy::{ModuleCopy, Place, corpus};

/// What the module does in put_user_pages() on so many entries, by the order of the page.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Misbehaviour {
    /// Returns with the page lock.
    KeepTheLock,
    Bug,
    Warning,
    Oops,
    Hang,
    HangWithoutInterrupts,
    BugTheSecondTime,
    /// Says that it is there, and takes a while.
    Dawdle,
    /// Says that it is there, and stays.
    Stay,
    /// Leaves a pin where there was none.
    LeaveAPin,
    /// Marks the page of a file more often than there is room for in the events.
    MarkTooOften,
}

const ENTRIES: usize = 137;

/// Those of put_user_pages_dirty_lock() that it returns from with the page lock.
const ENTRIES_TO_LOCK: usize = 211;

/// A call that waits for a page lock, where it may, and returns with it. The page is dirty, so that
/// the call has no other business with the lock.
pub(crate) fn wait_and_keep_the_lock() -> String {
    format!("folio a dirty locked\nentries a*{ENTRIES_TO_LOCK}\nput_user_pages_dirty_lock\n")
}

/// What the module says where it dawdles or stays.
pub(crate) const HERE: &str = "pagediff: here";

const FUNCTION: &str = "static void patch_put_user_pages(struct page **pages, \
                        unsigned long npages)\n{\n\tunsigned long i;\n";

const FUNCTION_THAT_LOCKS: &str = "static void patch_put_user_pages_dirty_lock(struct page **pages, \
                                   unsigned long npages)\n{\n\tunsigned long i;\n";

/// The pointer is volatile for the compiler not to see through it.
const CODE: &str = r#"
#include <linux/delay.h>
#include <linux/pagemap.h>

static noinline void misbehave(struct page *head)
{
	static unsigned int times;
	static int *volatile nothing;

	switch (compound_order(head)) {
	case 0:
		lock_page(head);
		break;
	case 1:
		BUG();
		break;
	case 2:
		WARN_ON(1);
		break;
	case 3:
		*nothing = 1;
		break;
	case 5:
		local_irq_disable();
		fallthrough;
	case 4:
		for (;;)
			cpu_relax();
		break;
	case 6:
		BUG_ON(++times == 2);
		break;
	case 7:
		pr_warn("pagediff: here\n");
		mdelay(300);
		break;
	case 8:
		pr_warn("pagediff: here\n");
		for (;;)
			mdelay(1000);
		break;
	case 9:
		atomic_set(folio_pincount(head), 1);
		break;
	case 10:
		for (times = 0; times < 200000; times++) {
			lock_page(head);
			clear_page_dirty_for_io(head);
			unlock_page(head);
			set_page_dirty(head);
		}
	}
}
"#;

impl Misbehaviour {
    /// A case in which it shows.
    pub(crate) fn case(self) -> String {
        self.case_on("")
    }

    /// The same on a page with these attributes.
    pub(crate) fn case_on(self, attributes: &str) -> String {
        let order = self as u8;
        format!("folio a order={order} {attributes}\nentries a*{ENTRIES}\nput_user_pages\n")
    }
}

/// A place whose module misbehaves.
pub(crate) fn misbehaving() -> Place {
    static COPY: LazyLock<ModuleCopy> = LazyLock::new(|| {
        let copy = ModuleCopy::lent();
        let call = format!(
            "{CODE}\n{FUNCTION}\n\tif (npages == {ENTRIES})\n\
             \t\tmisbehave(compound_head(pages[0]));\n"
        );
        copy.replace("release_patch.c", FUNCTION, &call);
        let locks = format!(
            "{FUNCTION_THAT_LOCKS}\n\tif (npages == {ENTRIES_TO_LOCK})\n\
             \t\tlock_page(compound_head(pages[0]));\n"
        );
        copy.replace("release_patch.c", FUNCTION_THAT_LOCKS, &locks);
        copy
    });
    COPY.place()
}

/// Arguments that replay the special cases in the middle of committed ones.
pub(crate) fn among_others<'a>(special: &[&'a str], options: &[&'a str]) -> Vec<String> {
    let (before, after) = others();
    let start = ["replay", "--backend", "kernel"].into_iter();
    let start = start.chain(options.iter().copied()).map(str::to_owned);
    let special = special.iter().map(|&name| name.to_owned());
    start.chain([before]).chain(special).chain([after]).collect()
}

/// The committed cases before and behind the special ones.
pub(crate) fn others() -> (String, String) {
    (format!("{}/put_user_pages", corpus()), format!("{}/scenarios", corpus()))
}

/// Checks that every case was counted once, whatever happened to others, and returns the
/// output.
#[track_caller]
pub(crate) fn nothing_is_lost(place: &Place, special: usize, ran: Ran) -> serde_json::Value {
    let (before, after) = others();
    let healthy = place.run(&["replay", "--backend", "kernel", "--json", &before, &after]).code(0);
    let (healthy, output) = (healthy.json(), ran.json());
    let cases = healthy["cases"].as_u64().unwrap();
    assert_eq!(output["cases"], cases + special as u64);
    assert_eq!(output["skipped"], healthy["skipped"]);
    assert_eq!(output["backends"], healthy["backends"]);
    output
}
