// SPDX-License-Identifier: MIT OR Apache-2.0
/* A mistake that is found: a compound page is taken to have a file, and an anonymous one has none. */
#include "put_user_page.h"

void put_user_pages_dirty(struct page **pages, unsigned long npages)
{
	for (unsigned long i = 0; i < npages; i++) {
		struct page *head = compound_head(pages[i]);

		if (PageHead(head))
			prefetchw(READ_ONCE(*(void *const *)page_mapping(head)));
		if (!PageDirty(head))
			set_page_dirty(head);
		put_page(head);
	}
}
