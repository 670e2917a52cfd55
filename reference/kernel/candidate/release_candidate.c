// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a candidate defines, under the names that its functions have in its object when they are
 * renamed: those that it does not define are NULL.
 */
#include <linux/module.h>

#include "release.h"

__weak void candidate_put_user_page(struct page *page);
__weak void candidate_put_user_pages(struct page **pages, unsigned long npages);
__weak void candidate_put_user_pages_dirty(struct page **pages, unsigned long npages);
__weak void candidate_put_user_pages_dirty_lock(struct page **pages, unsigned long npages);
__weak void candidate_unpin_user_page(struct page *page);
__weak void candidate_unpin_user_pages(struct page **pages, unsigned long npages);
__weak void candidate_unpin_user_pages_dirty_lock(struct page **pages, unsigned long npages,
						  bool make_dirty);
__weak void candidate_unpin_user_page_range_dirty_lock(struct page *page, unsigned long npages,
						       bool make_dirty);
__weak void candidate_unpin_folio(struct folio *folio);
__weak void candidate_unpin_folios(struct folio **folios, unsigned long nfolios);
__weak void candidate_unpin_user_folio(struct folio *folio, unsigned long npages);

static const struct release_api candidate_api = {
	.put_user_page = candidate_put_user_page,
	.put_user_pages = candidate_put_user_pages,
	.put_user_pages_dirty = candidate_put_user_pages_dirty,
	.put_user_pages_dirty_lock = candidate_put_user_pages_dirty_lock,
	.unpin_user_page = candidate_unpin_user_page,
	.unpin_user_pages = candidate_unpin_user_pages,
	.unpin_user_pages_dirty_lock = candidate_unpin_user_pages_dirty_lock,
	.unpin_user_page_range_dirty_lock = candidate_unpin_user_page_range_dirty_lock,
	.unpin_folio = candidate_unpin_folio,
	.unpin_folios = candidate_unpin_folios,
	.unpin_user_folio = candidate_unpin_user_folio,
};

/* It stays until the guest ends: there is no way out. */
static int __init candidate_init(void)
{
	pagediff_take_candidate(&candidate_api);
	return 0;
}

module_init(candidate_init);

MODULE_DESCRIPTION("a candidate for the functions that release pages");
MODULE_LICENSE("GPL");
