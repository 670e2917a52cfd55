// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that wait for the next case. Allocating and freeing compound pages touches every
 * tail page, and would take most of a case's time. A page comes here only as
 * alloc_pages() gave it.
 */
#include <linux/gfp.h>
#include <linux/mm.h>

#include "pagediff.h"

#define ORDERS	11

/* Room for so many compound pages of an order: some 70 MiB in all. */
#define MAX_WAITING	1024

static const unsigned int room[ORDERS] = { 1024, 512, 256, 128, 64, 32, 32, 16, 8, 8, 4 };
static struct page *waiting[ORDERS][MAX_WAITING];
static unsigned int nr_waiting[ORDERS];

struct page *pool_take(unsigned int order)
{
	gfp_t flags = GFP_KERNEL | __GFP_NOWARN;
	struct page *page;

	if (nr_waiting[order])
		return waiting[order][--nr_waiting[order]];
	if (order)
		flags |= __GFP_COMP;
	page = alloc_pages(flags, order);
	if (page)
		return page;
	/* Pages of other orders that wait may be what is missing. */
	pool_exit();
	return alloc_pages(flags, order);
}

void pool_put(struct page *page, unsigned int order)
{
	if (nr_waiting[order] < room[order])
		waiting[order][nr_waiting[order]++] = page;
	else
		__free_pages(page, order);
}

void pool_exit(void)
{
	unsigned int order;

	for (order = 0; order < ORDERS; order++) {
		while (nr_waiting[order])
			__free_pages(waiting[order][--nr_waiting[order]], order);
	}
}
