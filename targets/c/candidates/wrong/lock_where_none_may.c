// SPDX-License-Identifier: MIT OR Apache-2.0
/* A mistake that is found: the variant for callers that may not sleep takes page locks. */
#include "put_user_page.h"

void put_user_pages_dirty(struct page **pages, unsigned long npages)
{
	for (unsigned long i = 0; i < npages; i++) {
		struct page *head = compound_head(pages[i]);

		if (!PageDirty(head))
			set_page_dirty_lock(head);
		put_page(head);
	}
}
