// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins, as the kernel counts them and with its own functions releases them. A pin is 1024
 * references of a small folio, and one reference and one in the pincount of a large one.
 */
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/preempt.h>
#include <linux/version.h>

#include "pagediff.h"

/* 6.12 has them all; which kernel between brought each is not asked. */
#define HAS_FOLIOS	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0))

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

bool trial_has_function(u8 function)
{
	return HAS_FOLIOS || function < CASE_UNPIN_FOLIO;
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

#if HAS_FOLIOS
static void unpin_folio_array(struct page **pages, unsigned long npages)
{
	unsigned long i;

	/* The array is the call's own. */
	for (i = 0; !IS_ERR_VALUE(npages) && i < npages; i++)
		if (pages[i])
			pages[i] = compound_head(pages[i]);
	unpin_folios((struct folio **)pages, npages);
}

static void unpin_runs(struct page **pages, u32 npages)
{
	u32 i, length;

	for (i = 0; i < npages; i += length) {
		length = of_one_folio(pages + i, npages - i);
		unpin_user_folio(page_folio(pages[i]), length);
	}
}
#endif

static void unpin_each(u8 function, struct page **pages, u32 npages)
{
	u32 i;

	for (i = 0; i < npages; i++) {
		if (function == CASE_UNPIN_USER_PAGE)
			unpin_user_page(pages[i]);
#if HAS_FOLIOS
		else
			unpin_folio(page_folio(pages[i]));
#endif
	}
}

static void unpin_ranges(struct page **pages, u32 npages, bool make_dirty)
{
	u32 i, length;

	for (i = 0; i < npages; i += length) {
		length = side_by_side(pages + i, npages - i);
		unpin_user_page_range_dirty_lock(pages[i], length, make_dirty);
	}
}

/* Calls one of the kernel's functions. */
void unpin(u8 function, struct page **pages, unsigned long npages)
{
	switch (function) {
	case CASE_UNPIN_USER_PAGE:
	case CASE_UNPIN_FOLIO:
		unpin_each(function, pages, npages);
		break;
	case CASE_UNPIN_USER_PAGES:
		unpin_user_pages(pages, npages);
		break;
	case CASE_UNPIN_USER_PAGES_DIRTY_LOCK:
		unpin_user_pages_dirty_lock(pages, npages, true);
		break;
	case CASE_UNPIN_USER_PAGES_NOT_DIRTY_LOCK:
		unpin_user_pages_dirty_lock(pages, npages, false);
		break;
	case CASE_UNPIN_USER_PAGE_RANGE_DIRTY_LOCK:
		unpin_ranges(pages, npages, true);
		break;
	case CASE_UNPIN_USER_PAGE_RANGE_NOT_DIRTY_LOCK:
		unpin_ranges(pages, npages, false);
		break;
#if HAS_FOLIOS
	case CASE_UNPIN_FOLIOS:
		unpin_folio_array(pages, npages);
		break;
	case CASE_UNPIN_USER_FOLIO:
		unpin_runs(pages, npages);
		break;
#endif
	}
}
