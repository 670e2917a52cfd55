// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The fast implementation in C: what src/release.rs does, with the kernel's own words. A run is
 * told by addresses, for the pages of a compound page lie in one range that is as long as a
 * power of two: no tail page is read but the first, which has the order, and no page of order 0
 * reads its neighbour.
 */
#include <limits.h>

#include "put_user_page.h"

#define SHORT_RUN	16	/* up to this long, entry by entry */
#define BLOCK		16	/* then in blocks of so many */
#define AHEAD		20	/* so many runs of this length ahead a page is prefetched */

static inline unsigned long span_of(struct page *head)
{
	return sizeof(struct page) << compound_order(head);
}

static inline unsigned long distance(struct page *page, struct page *head)
{
	return (unsigned long)page - (unsigned long)head;
}

/* How many entries at the start lie less than span bytes behind the head page. */
static unsigned long long_run(struct page **pages, unsigned long npages, struct page *head,
			      unsigned long span)
{
	unsigned long run = 0, united, i;

	for (; npages - run >= BLOCK; run += BLOCK) {
		united = 0;
		for (i = run; i < run + BLOCK; i++)
			united |= distance(pages[i], head);
		/* All are less than a power of two if their union is. */
		if (united >= span)
			break;
	}
	while (run < npages && distance(pages[run], head) < span)
		run++;
	return run;
}

static inline unsigned long run_length(struct page **pages, unsigned long npages,
				       struct page *head)
{
	unsigned long span, run = 1;

	if (npages == 1)
		return 1;
	if (npages > INT_MAX)
		npages = INT_MAX;
	span = span_of(head);
	while (run < npages && distance(pages[run], head) < span)
		/* Blocks lie as the array does, in whole cache lines. */
		if (++run > SHORT_RUN)
			return SHORT_RUN + long_run(pages + SHORT_RUN, npages - SHORT_RUN,
						    head, span);
	return run;
}

/* set_dirty is NULL if pages are not to be marked. */
static inline void release(struct page **pages, unsigned long npages,
			   int (*set_dirty)(struct page *))
{
	unsigned long i, run;

	for (i = 0; i < npages; i += run) {
		struct page *head = compound_head(pages[i]);

		run = run_length(pages + i, npages - i, head);
		if (run * AHEAD < npages - i)
			__builtin_prefetch(pages[i + run * AHEAD], 1);
		if (set_dirty && !PageDirty(head))
			set_dirty(head);
		if (page_ref_sub_and_test(head, (int)run))
			__put_page(head);
	}
}

void put_user_page(struct page *page)
{
	put_page(page);
}

void put_user_pages(struct page **pages, unsigned long npages)
{
	release(pages, npages, NULL);
}

void put_user_pages_dirty(struct page **pages, unsigned long npages)
{
	release(pages, npages, set_page_dirty);
}

void put_user_pages_dirty_lock(struct page **pages, unsigned long npages)
{
	release(pages, npages, set_page_dirty_lock);
}
