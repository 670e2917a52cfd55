// SPDX-License-Identifier: GPL-2.0
/* The pins of a large folio, which the kernel counts beside its references. */
#include <linux/mm.h>
#include <linux/version.h>

#include "pagediff.h"

static atomic_t *pincount(struct page *head)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	return compound_pincount_ptr(head);
#else
	return &page_folio(head)->_pincount;
#endif
}

u32 folio_pins(struct page *head)
{
	return atomic_read(pincount(head));
}

void folio_set_pins(struct page *head, u32 pins)
{
	atomic_set(pincount(head), pins);
}

void folio_add_pins(struct page *head, u32 pins)
{
	atomic_add(pins, pincount(head));
}
