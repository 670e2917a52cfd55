// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * per_run.c with one mistake, which exists so that tests can show that it is caught:
 * the dirty variants ask the array's first page whether it is dirty, and take the
 * answer for the whole array, as if the pages of one buffer were always dirtied
 * together. With a dirty page first, clean pages after it are released unmarked.
 */
#include <limits.h>

#include "put_user_page.h"

/* Length of the run that pages[0] starts; no longer than a refcount can count. */
static int run_length(struct page **pages, unsigned long npages, struct page *head)
{
	int limit = npages < INT_MAX ? (int)npages : INT_MAX;
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
	bool mark = set_dirty && npages > 0 && !PageDirty(pages[0]);

	while (npages > 0) {
		struct page *head = compound_head(pages[0]);
		int run = run_length(pages, npages, head);

		/* Before the drop, which may free the page. */
		if (mark)
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
