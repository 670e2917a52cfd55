// SPDX-License-Identifier: MIT OR Apache-2.0
/* A mistake that is found: a page that was dirty already is left locked. */
#include "put_user_page.h"

void put_user_pages_dirty_lock(struct page **pages, unsigned long npages)
{
	for (unsigned long i = 0; i < npages; i++) {
		struct page *head = compound_head(pages[i]);

		lock_page(head);
		if (!PageDirty(head)) {
			set_page_dirty(head);
			unlock_page(head);
		}
		put_page(head);
	}
}
