// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sees pages go: a probe on the tracepoint that every freed page passes. The page is
 * told by its private word, which nothing in a release looks at.
 */
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "pagediff.h"

static struct tracepoint *mm_page_free;

static void page_freed(void *data, struct page *page, unsigned int order)
{
	unsigned long word = page_private(page);
	struct trial_folio *folio;
	u32 number = word;

	if (word >> FREED_WATCHED_SHIFT != FREED_WATCHED || number >= trial->world.nr_folios)
		return;
	folio = &trial->folios[number];
	if (folio->head != page)
		return;
	folio->times_freed++;
	folio->freed_dirty = test_bit(PG_dirty, &page->flags);
	folio->freed_locked = test_bit(PG_locked, &page->flags);
	folio->freed_pincount = trial_pincount(trial, number);
	file_orphan(folio);
}

static void find_tracepoint(struct tracepoint *tracepoint, void *found)
{
	if (!strcmp(tracepoint->name, "mm_page_free"))
		*(struct tracepoint **)found = tracepoint;
}

int freed_init(void)
{
	for_each_kernel_tracepoint(find_tracepoint, &mm_page_free);
	if (!mm_page_free) {
		pr_err("pagediff: this kernel has no tracepoint mm_page_free\n");
		return -ENOENT;
	}
	return tracepoint_probe_register(mm_page_free, page_freed, NULL);
}

void freed_exit(void)
{
	tracepoint_probe_unregister(mm_page_free, page_freed, NULL);
	tracepoint_synchronize_unregister();
}
