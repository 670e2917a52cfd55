// SPDX-License-Identifier: MIT OR Apache-2.0
/* For tests of failures: no function releases anything. */
#include "put_user_page.h"

void put_user_pages(struct page **pages, unsigned long npages)
{
	(void)pages;
	(void)npages;
}

void put_user_pages_dirty(struct page **pages, unsigned long npages)
{
	put_user_pages(pages, npages);
}
