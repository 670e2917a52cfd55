// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * An example: each run of consecutive entries of one compound page is released with
 * one subtraction, as the kernel has done since 5.13. To find where a run ends, the
 * head page of every entry is looked up. Pins are released by the rules of Linux 6.12.
 */
#include <limits.h>

#include "put_user_page.h"

/* A longer run of pins is more references than a refcount can count. */
#define LONGEST_RUN	(INT_MAX / (int)GUP_PIN_COUNTING_BIAS)

/* Length of the run that pages[0] starts. */
static int run_length(struct page **pages, unsigned long npages, struct page *head)
{
	int limit = npages < LONGEST_RUN ? (int)npages : LONGEST_RUN;
	int run = 1;

	while (run < limit && compound_head(pages[run]) == head)
		run++;
	return run;
}

static void drop_run(struct page *head, int run)
{
	if (page_ref_sub_and_test(head, run))
		__put_page(head);
}

/* set_dirty is NULL if pages are not to be marked. */
static void release_runs(struct page **pages, unsigned long npages,
			 int (*set_dirty)(struct page *))
{
	while (npages > 0) {
		struct page *head = compound_head(pages[0]);
		int run = run_length(pages, npages, head);

		/* Before the drop, which may free the page. */
		if (set_dirty && !PageDirty(head))
			set_dirty(head);
		drop_run(head, run);
		pages += run;
		npages -= (unsigned long)run;
	}
}

void put_user_page(struct page *page)
{
	put_page(page);
}

void put_user_pages(struct page **pages, unsigned long npages)
{
	release_runs(pages, npages, NULL);
}

void put_user_pages_dirty(struct page **pages, unsigned long npages)
{
	release_runs(pages, npages, set_page_dirty);
}

void put_user_pages_dirty_lock(struct page **pages, unsigned long npages)
{
	release_runs(pages, npages, set_page_dirty_lock);
}

/* Pins of the zero page are not counted, but it can be marked. */
static void unpin_run(struct page *head, int pins, bool make_dirty)
{
	struct folio *folio = page_folio(head);
	int references = pins;

	if (make_dirty && !PageDirty(head))
		set_page_dirty_lock(head);
	if (is_zero_page(head))
		return;
	/* Before the drop, for the folio tells whose node it is. */
	node_stat_mod_folio(folio, NR_FOLL_PIN_RELEASED, pins);
	if (PageHead(head))
		atomic_sub(pins, &folio->_pincount);
	else
		references *= (int)GUP_PIN_COUNTING_BIAS;
	drop_run(head, references);
}

static void unpin_runs(struct page **pages, unsigned long npages, bool make_dirty)
{
	while (npages > 0) {
		struct page *head = compound_head(pages[0]);
		int run = run_length(pages, npages, head);

		unpin_run(head, run, make_dirty);
		pages += run;
		npages -= (unsigned long)run;
	}
}

void unpin_user_page(struct page *page)
{
	unpin_run(compound_head(page), 1, false);
}

/* A negative errno is a length that somebody did not look at. */
static bool is_errno(unsigned long npages)
{
	return WARN_ON(IS_ERR_VALUE(npages));
}

/* NULLs are skipped where a run would start. */
void unpin_user_pages(struct page **pages, unsigned long npages)
{
	if (is_errno(npages))
		return;
	for (; npages > 0 && !*pages; npages--)
		pages++;
	unpin_runs(pages, npages, false);
}

void unpin_user_pages_dirty_lock(struct page **pages, unsigned long npages, bool make_dirty)
{
	if (make_dirty)
		unpin_runs(pages, npages, true);
	else
		unpin_user_pages(pages, npages);
}

/* A run ends where the compound page does: what lies behind is another's. */
void unpin_user_page_range_dirty_lock(struct page *page, unsigned long npages, bool make_dirty)
{
	while (npages > 0) {
		struct page *head = compound_head(page);
		unsigned long run = (unsigned long)(head + compound_nr(head) - page);

		if (run > npages)
			run = npages;
		unpin_run(head, (int)run, make_dirty);
		page += run;
		npages -= run;
	}
}

void unpin_folio(struct folio *folio)
{
	unpin_run(&folio->page, 1, false);
}

void unpin_folios(struct folio **folios, unsigned long nfolios)
{
	if (is_errno(nfolios))
		return;
	for (unsigned long i = 0; i < nfolios; i++)
		if (folios[i])
			unpin_folio(folios[i]);
}

void unpin_user_folio(struct folio *folio, unsigned long npages)
{
	unpin_run(&folio->page, (int)npages, false);
}
