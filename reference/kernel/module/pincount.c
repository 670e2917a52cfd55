// SPDX-License-Identifier: GPL-2.0-only
/* The pins of a large folio, which the kernel counts beside its references. */
#include <linux/mm.h>
#include <linux/version.h>

#include "pagediff.h"

atomic_t *folio_pincount(struct page *head)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	return compound_pincount_ptr(head);
#else
	return &page_folio(head)->_pincount;
#endif
}
