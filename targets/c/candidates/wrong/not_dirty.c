// SPDX-License-Identifier: MIT OR Apache-2.0
/* A mistake that is found: only the first entry of a run of pages side by side is marked. */
#include "put_user_page.h"

void put_user_pages_dirty(struct page **pages, unsigned long npages)
{
	for (unsigned long i = 0; i < npages; i++) {
		bool is_beside = i > 0 && pages[i] == pages[i - 1] + 1;

		if (!is_beside && !PageDirty(pages[i]))
			set_page_dirty(pages[i]);
		put_page(pages[i]);
	}
}
