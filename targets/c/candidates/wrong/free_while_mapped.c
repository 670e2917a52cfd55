// SPDX-License-Identifier: MIT OR Apache-2.0
/* A mistake that is found: the page is freed with the last reference of the array's, not of all. */
#include "put_user_page.h"

void put_user_pages(struct page **pages, unsigned long npages)
{
	for (unsigned long i = 0; i < npages; i++) {
		struct page *head = compound_head(pages[i]);
		bool is_last = i + 1 == npages || compound_head(pages[i + 1]) != head;

		if (page_ref_dec_and_test(head) || (is_last && page_mapping(head)))
			__put_page(head);
	}
}
