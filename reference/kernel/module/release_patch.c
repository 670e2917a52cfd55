// SPDX-License-Identifier: GPL-2.0-only
/*
 * The four functions as the patch "mm: introduce put_user_page*(), placeholder versions"
 * of November 2018 defines them: one entry after the other, on the kernel's own
 * primitives. This is what a developer edits to try a change of them.
 */
#include <linux/mm.h>

#include "pagediff.h"

static void patch_put_user_page(struct page *page)
{
	put_page(page);
}

static void patch_put_user_pages(struct page **pages, unsigned long npages)
{
	unsigned long i;

	for (i = 0; i < npages; i++)
		patch_put_user_page(pages[i]);
}

static void patch_put_user_pages_dirty(struct page **pages, unsigned long npages)
{
	unsigned long i;

	for (i = 0; i < npages; i++) {
		struct page *head = compound_head(pages[i]);

		if (!PageDirty(head))
			set_page_dirty(head);
		patch_put_user_page(head);
	}
}

static void patch_put_user_pages_dirty_lock(struct page **pages, unsigned long npages)
{
	unsigned long i;

	for (i = 0; i < npages; i++) {
		struct page *head = compound_head(pages[i]);

		if (!PageDirty(head))
			set_page_dirty_lock(head);
		patch_put_user_page(head);
	}
}

const struct release_api patch_api = {
	.put_user_page = patch_put_user_page,
	.put_user_pages = patch_put_user_pages,
	.put_user_pages_dirty = patch_put_user_pages_dirty,
	.put_user_pages_dirty_lock = patch_put_user_pages_dirty_lock,
	/* Those that release pins are the kernel's own. */
	.unpin_user_page = unpin_user_page,
	.unpin_user_pages = unpin_user_pages,
	.unpin_user_pages_dirty_lock = unpin_user_pages_dirty_lock,
	.unpin_user_page_range_dirty_lock = unpin_user_page_range_dirty_lock,
#if HAS_FOLIOS
	.unpin_folio = unpin_folio,
	.unpin_folios = unpin_folios,
	.unpin_user_folio = unpin_user_folio,
#endif
};
