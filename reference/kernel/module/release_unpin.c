// SPDX-License-Identifier: GPL-2.0-only
/*
 * unpin_user_page*(), which put_user_page*() became: the code that kernels run today.
 * There has been no put_user_pages_dirty() since 5.4: callers mark pages themselves.
 */
#include <linux/mm.h>

#include "pagediff.h"

static void many_pages_dirty(struct page **pages, unsigned long npages)
{
	mark_pages(pages, npages, false);
	unpin_user_pages(pages, npages);
}

static void many_pages_dirty_lock(struct page **pages, unsigned long npages)
{
	unpin_user_pages_dirty_lock(pages, npages, true);
}

const struct release_api unpin_api = {
	.pins = true,
	.put_user_page = unpin_user_page,
	.put_user_pages = unpin_user_pages,
	.put_user_pages_dirty = many_pages_dirty,
	.put_user_pages_dirty_lock = many_pages_dirty_lock,
	.put_range = unpin_user_page_range_dirty_lock,
};
