// SPDX-License-Identifier: MIT OR Apache-2.0
/* An example: the 2018 semantics as they are, one entry at a time. */
#include "put_user_page.h"

static void release_one(struct page *page)
{
	put_page(page);
}

/* set_dirty is set_page_dirty or set_page_dirty_lock. */
static void mark_and_release_one(struct page *page, int (*set_dirty)(struct page *))
{
	struct page *head = compound_head(page);

	if (!PageDirty(head))
		set_dirty(head);
	release_one(head);
}

void put_user_page(struct page *page)
{
	release_one(page);
}

void put_user_pages(struct page **pages, unsigned long npages)
{
	struct page **end = pages + npages;

	while (pages < end)
		release_one(*pages++);
}

void put_user_pages_dirty(struct page **pages, unsigned long npages)
{
	struct page **end = pages + npages;

	while (pages < end)
		mark_and_release_one(*pages++, set_page_dirty);
}

void put_user_pages_dirty_lock(struct page **pages, unsigned long npages)
{
	struct page **end = pages + npages;

	while (pages < end)
		mark_and_release_one(*pages++, set_page_dirty_lock);
}
