// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A mistake that is found: of a compound page, all pages from the first that is named are taken to
 * be in the array, up to its end.
 */
#include "put_user_page.h"

void put_user_pages(struct page **pages, unsigned long npages)
{
	while (npages > 0) {
		struct page *head = compound_head(pages[0]);
		unsigned long run = compound_nr(head) - (unsigned long)(pages[0] - head);

		if (run > npages)
			run = npages;
		if (page_ref_sub_and_test(head, (int)run))
			__put_page(head);
		pages += run;
		npages -= run;
	}
}
