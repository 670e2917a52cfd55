// SPDX-License-Identifier: MIT OR Apache-2.0
/* For tests of failures: every call of put_user_pages() writes through NULL. */
#include "put_user_page.h"

void put_user_pages(struct page **pages, unsigned long npages)
{
	struct page *volatile nowhere = NULL;

	(void)pages;
	/* Volatile, for gcc drops a plain store to NULL. */
	WRITE_ONCE(nowhere->flags, npages);
}
