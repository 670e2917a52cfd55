// SPDX-License-Identifier: MIT OR Apache-2.0
/* A mistake that is found: an array of several entries loses its last. */
#include "put_user_page.h"

void put_user_pages(struct page **pages, unsigned long npages)
{
	unsigned long last = npages > 1 ? npages - 1 : npages;

	for (unsigned long i = 0; i < last; i++)
		put_page(pages[i]);
}
