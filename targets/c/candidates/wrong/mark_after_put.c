// SPDX-License-Identifier: MIT OR Apache-2.0
/* A mistake that is found: pages are marked after their reference is gone, and may be freed. */
#include "put_user_page.h"

void put_user_pages_dirty(struct page **pages, unsigned long npages)
{
	for (unsigned long i = 0; i < npages; i++) {
		struct page *head = compound_head(pages[i]);
		bool is_clean = !PageDirty(head);

		put_page(head);
		if (is_clean)
			set_page_dirty(head);
	}
}
