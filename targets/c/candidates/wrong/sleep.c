// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A mistake that is found in a kernel alone: it sleeps between the pages of a large array, which
 * callers that hold a spinlock do not survive.
 */
#include "put_user_page.h"

#ifdef __KERNEL__
#include <linux/delay.h>
#else
#define msleep(ms)	((void)(ms))
#endif

#define LARGE	64

void put_user_pages(struct page **pages, unsigned long npages)
{
	for (unsigned long i = 0; i < npages; i++) {
		if (i % LARGE == LARGE - 1)
			msleep(1);
		put_page(pages[i]);
	}
}
