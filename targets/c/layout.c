// SPDX-License-Identifier: MIT OR Apache-2.0
/* Where put_user_page.h has the fields of struct page, for a test that asks. */
#include "put_user_page.h"

size_t put_user_page_layout(size_t field)
{
	const size_t layout[] = {
		sizeof(struct page),
		_Alignof(struct page),
		offsetof(struct page, flags),
		offsetof(struct page, compound_head),
		offsetof(struct page, compound_dtor),
		offsetof(struct page, compound_order),
		offsetof(struct page, compound_mapcount),
		offsetof(struct page, mapping),
		offsetof(struct page, index),
		offsetof(struct page, private),
		offsetof(struct page, _mapcount),
		offsetof(struct page, _refcount),
		offsetof(struct page, memcg_data),
		1UL << PG_locked,
		1UL << PG_dirty,
		1UL << PG_head,
		offsetof(struct address_space, dirty_count),
		offsetof(struct address_space, dirty_tags),
		PUT_USER_PAGE_POISON,
		offsetof(struct page, compound_pincount),
		offsetof(struct page, compound_nr),
	};

	return layout[field];
}
