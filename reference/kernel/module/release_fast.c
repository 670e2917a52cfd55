// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library of src/ on the kernel's pages: the hooks that it calls, and the calls of it. It is
 * given no page before its layout is seen to be this kernel's.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/string.h>
#include <linux/vmstat.h>

#include "fast.h"
#include "pagediff.h"

void pagediff_hook_set_page_dirty(struct page *head)
{
	set_page_dirty(head);
}

void pagediff_hook_lock_page(struct page *head)
{
	lock_page(head);
}

void pagediff_hook_unlock_page(struct page *head)
{
	unlock_page(head);
}

void pagediff_hook_free_page(struct page *head)
{
	__folio_put(page_folio(head));
}

bool pagediff_hook_is_zero_page(struct page *head)
{
	return is_zero_folio(page_folio(head));
}

void pagediff_hook_pins_released(struct page *head, int pins)
{
	mod_node_page_state(page_pgdat(head), NR_FOLL_PIN_RELEASED, pins);
}

/* The field by which this kernel's pages are none that the library knows; NULL if it knows them. */
const char *fast_refused_field(void)
{
	const char *name;
	size_t ours, number;

	for (number = 0; (name = pagediff_fast_layout(number, &ours)); number++)
		if (about_place(name) != (long)ours)
			return name;
	return NULL;
}

static u32 put_each(struct page **pages, u32 npages)
{
	u32 i;

	for (i = 0; i < npages && pagediff_fast_put_user_page(pages[i]); i++)
		;
	return i;
}

/* Unpins stretch by stretch; how long one is the caller tells. */
static u32 unpin_stretches(u8 function, struct page **pages, u32 npages,
			   u32 (*stretch)(struct page **pages, u32 npages))
{
	u32 i, length, stopped;

	for (i = 0; i < npages; i += length) {
		length = stretch(pages + i, npages - i);
		if (function == CASE_UNPIN_USER_PAGE_RANGE_DIRTY_LOCK ||
		    function == CASE_UNPIN_USER_PAGE_RANGE_NOT_DIRTY_LOCK)
			stopped = pagediff_fast_unpin_user_page_range_dirty_lock(pages[i],
				length, function == CASE_UNPIN_USER_PAGE_RANGE_DIRTY_LOCK);
		else
			stopped = pagediff_fast_unpin_user_folio(pages[i], length);
		if (stopped != length)
			return i + stopped;
	}
	return npages;
}

static u32 one_page(struct page **pages, u32 npages)
{
	return 1;
}

static u32 fast_call(u8 function, struct page **pages, u32 npages)
{
	switch (function) {
	case CASE_PUT_USER_PAGE:
		return put_each(pages, npages);
	case CASE_PUT_USER_PAGES:
		return pagediff_fast_put_user_pages(pages, npages);
	case CASE_PUT_USER_PAGES_DIRTY:
		return pagediff_fast_put_user_pages_dirty(pages, npages);
	case CASE_PUT_USER_PAGES_DIRTY_LOCK:
		return pagediff_fast_put_user_pages_dirty_lock(pages, npages);
	case CASE_UNPIN_USER_PAGES:
	case CASE_UNPIN_FOLIOS:
		return pagediff_fast_unpin_user_pages(pages, npages);
	case CASE_UNPIN_USER_PAGES_DIRTY_LOCK:
		return pagediff_fast_unpin_user_pages_dirty_lock(pages, npages, true);
	case CASE_UNPIN_USER_PAGES_NOT_DIRTY_LOCK:
		return pagediff_fast_unpin_user_pages_dirty_lock(pages, npages, false);
	case CASE_UNPIN_USER_PAGE_RANGE_DIRTY_LOCK:
	case CASE_UNPIN_USER_PAGE_RANGE_NOT_DIRTY_LOCK:
		return unpin_stretches(function, pages, npages, side_by_side);
	case CASE_UNPIN_USER_FOLIO:
		return unpin_stretches(function, pages, npages, of_one_folio);
	default:
		return unpin_stretches(function, pages, npages, one_page);
	}
}

/*
 * Whether a page's count is still of the sign that it would have without our own reference: the
 * library looks at it, which the kernel's put_page() does not. Pins of small pages are counted
 * without a sign.
 */
static bool has_room(const struct trial *trial, u32 number, u8 function)
{
	struct page *head = trial->folios[number].head;
	s32 seen = trial_refcount(trial, number);
	s32 count = page_ref_count(head);

	if (case_unpins(function) && !PageHead(head) && !trial_is_zero_page(trial, number))
		return (u32)count >= (u32)seen;
	return seen <= 0 || count > 0;
}

/* Why the next call is not made; PAGEDIFF_RAN if it may be. */
static int fast_refuses(const struct trial *trial, u8 function)
{
	u32 i;

	for (i = 0; i < trial->nr_subjects; i++) {
		u32 number = trial->subjects[i];

		if (is_zone_device_page(trial->folios[number].head))
			return PAGEDIFF_DEVICE_PAGE;
		if (!has_room(trial, number, function))
			return PAGEDIFF_NO_ROOM;
	}
	return PAGEDIFF_RAN;
}

const struct release_api fast_api = {
	.call = fast_call,
	.refuses = fast_refuses,
};
