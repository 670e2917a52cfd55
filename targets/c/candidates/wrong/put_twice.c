// SPDX-License-Identifier: MIT OR Apache-2.0
/* A mistake that is found: a page that had to be marked is released by who marks it, and again. */
#include "put_user_page.h"

static void mark_and_release(struct page *page)
{
	set_page_dirty_lock(page);
	put_page(page);
}

void put_user_pages_dirty_lock(struct page **pages, unsigned long npages)
{
	for (unsigned long i = 0; i < npages; i++) {
		if (!PageDirty(pages[i]))
			mark_and_release(pages[i]);
		put_page(pages[i]);
	}
}
