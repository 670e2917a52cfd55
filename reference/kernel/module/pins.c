// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins, as the kernel counts them, and the calls of what releases them. A pin is 1024 references
 * of a small folio, and one reference and one in the pincount of a large one.
 */
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/preempt.h>
#include <linux/version.h>

#include "pagediff.h"

/* Of the head page of a large folio. */
atomic_t *folio_pincount(struct page *head)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	return compound_pincount_ptr(head);
#else
	return &page_folio(head)->_pincount;
#endif
}

s32 trial_pincount(const struct trial *trial, u32 number)
{
	struct page *head = trial->folios[number].head;

	return PageHead(head) ? atomic_read(folio_pincount(head)) : 0;
}

/*
 * What the kernel makes of the case's references and pins, without those that are the
 * page's base: these come back at once, and nobody else is here to drop one meanwhile.
 */
bool trial_maybe_pinned(const struct trial *trial, u32 number)
{
	const struct trial_folio *folio = &trial->folios[number];
	u32 base = folio->base - !trial->owners_dropped;
	bool pinned;

	preempt_disable();
	page_ref_sub(folio->head, base);
	pinned = folio_maybe_dma_pinned(page_folio(folio->head));
	page_ref_add(folio->head, base);
	preempt_enable();
	return pinned;
}

/* Pins a page that is in no mapping, as pin_user_pages() would. */
void trial_pin(struct trial *trial, u32 number)
{
	struct page *head = trial->folios[number].head;

	if (PageHead(head)) {
		page_ref_inc(head);
		atomic_inc(folio_pincount(head));
	} else {
		page_ref_add(head, GUP_PIN_COUNTING_BIAS);
	}
	mod_node_page_state(page_pgdat(head), NR_FOLL_PIN_ACQUIRED, 1);
}

/* Whether a case may call the function: the code under test has it, and this kernel's rules. */
bool trial_has_function(const struct trial *trial, u8 function)
{
	const struct release_api *api = trial->api;

	if (!HAS_FOLIOS && function >= CASE_UNPIN_FOLIO)
		return false;
	if (api->call)
		return true;
	switch (function) {
	case CASE_PUT_USER_PAGE:
		return api->put_user_page;
	case CASE_PUT_USER_PAGES:
		return api->put_user_pages;
	case CASE_PUT_USER_PAGES_DIRTY:
		return api->put_user_pages_dirty;
	case CASE_PUT_USER_PAGES_DIRTY_LOCK:
		return api->put_user_pages_dirty_lock;
	case CASE_UNPIN_USER_PAGE:
		return api->unpin_user_page;
	case CASE_UNPIN_USER_PAGES:
		return api->unpin_user_pages;
	case CASE_UNPIN_USER_PAGES_DIRTY_LOCK:
	case CASE_UNPIN_USER_PAGES_NOT_DIRTY_LOCK:
		return api->unpin_user_pages_dirty_lock;
	case CASE_UNPIN_USER_PAGE_RANGE_DIRTY_LOCK:
	case CASE_UNPIN_USER_PAGE_RANGE_NOT_DIRTY_LOCK:
		return api->unpin_user_page_range_dirty_lock;
	case CASE_UNPIN_FOLIO:
		return api->unpin_folio;
	case CASE_UNPIN_FOLIOS:
		return api->unpin_folios;
	case CASE_UNPIN_USER_FOLIO:
		return api->unpin_user_folio;
	default:
		return false;
	}
}

/*
 * How many pages at the start lie side by side. Pages at one frame after the other in the case do
 * so here only where they are of one folio, or by chance: each stretch that does is a range.
 */
u32 side_by_side(struct page **pages, u32 npages)
{
	u32 length = 1;

	while (length < npages && pages[length] == pages[0] + length)
		length++;
	return length;
}

/* How many pages at the start are of one folio. */
u32 of_one_folio(struct page **pages, u32 npages)
{
	u32 length = 1;

	while (length < npages && compound_head(pages[length]) == compound_head(pages[0]))
		length++;
	return length;
}

static void unpin_folio_array(const struct release_api *api, struct page **pages,
			      unsigned long npages)
{
	unsigned long i;

	/* The array is the call's own. */
	for (i = 0; !IS_ERR_VALUE(npages) && i < npages; i++)
		if (pages[i])
			pages[i] = compound_head(pages[i]);
	api->unpin_folios((struct folio **)pages, npages);
}

static void unpin_runs(const struct release_api *api, struct page **pages, u32 npages)
{
	u32 i, length;

	for (i = 0; i < npages; i += length) {
		length = of_one_folio(pages + i, npages - i);
		api->unpin_user_folio(page_folio(pages[i]), length);
	}
}

static void unpin_each(const struct release_api *api, u8 function, struct page **pages,
		       u32 npages)
{
	u32 i;

	for (i = 0; i < npages; i++) {
		if (function == CASE_UNPIN_USER_PAGE)
			api->unpin_user_page(pages[i]);
		else
			api->unpin_folio(page_folio(pages[i]));
	}
}

static void unpin_ranges(const struct release_api *api, struct page **pages, u32 npages,
			 bool make_dirty)
{
	u32 i, length;

	for (i = 0; i < npages; i += length) {
		length = side_by_side(pages + i, npages - i);
		api->unpin_user_page_range_dirty_lock(pages[i], length, make_dirty);
	}
}

/* Calls one of the functions that release pins. */
void unpin(const struct release_api *api, u8 function, struct page **pages,
	   unsigned long npages)
{
	switch (function) {
	case CASE_UNPIN_USER_PAGE:
	case CASE_UNPIN_FOLIO:
		unpin_each(api, function, pages, npages);
		break;
	case CASE_UNPIN_USER_PAGES:
		api->unpin_user_pages(pages, npages);
		break;
	case CASE_UNPIN_USER_PAGES_DIRTY_LOCK:
		api->unpin_user_pages_dirty_lock(pages, npages, true);
		break;
	case CASE_UNPIN_USER_PAGES_NOT_DIRTY_LOCK:
		api->unpin_user_pages_dirty_lock(pages, npages, false);
		break;
	case CASE_UNPIN_USER_PAGE_RANGE_DIRTY_LOCK:
		unpin_ranges(api, pages, npages, true);
		break;
	case CASE_UNPIN_USER_PAGE_RANGE_NOT_DIRTY_LOCK:
		unpin_ranges(api, pages, npages, false);
		break;
	case CASE_UNPIN_FOLIOS:
		unpin_folio_array(api, pages, npages);
		break;
	case CASE_UNPIN_USER_FOLIO:
		unpin_runs(api, pages, npages);
		break;
	}
}
