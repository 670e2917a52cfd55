// SPDX-License-Identifier: MIT OR Apache-2.0
/* A mistake that is found: the reference of the very page is dropped, and head pages have them all. */
#include "put_user_page.h"

void put_user_pages(struct page **pages, unsigned long npages)
{
	for (unsigned long i = 0; i < npages; i++)
		if (page_ref_dec_and_test(pages[i]))
			__put_page(compound_head(pages[i]));
}
