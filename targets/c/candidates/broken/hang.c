// SPDX-License-Identifier: MIT OR Apache-2.0
/* For tests of failures: put_user_pages() never returns. */
#include "put_user_page.h"

void put_user_pages(struct page **pages, unsigned long npages)
{
	(void)pages;
	(void)npages;
	for (;;)
		;
}
