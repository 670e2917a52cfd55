// SPDX-License-Identifier: MIT OR Apache-2.0
/* For tests of failures: put_user_pages() follows the pointer behind the last entry. */
#include "put_user_page.h"

void put_user_pages(struct page **pages, unsigned long npages)
{
	unsigned long i;

	for (i = 0; i < npages; i++) {
		prefetchw((const void *)READ_ONCE(pages[i + 1]->flags));
		put_page(pages[i]);
	}
}
