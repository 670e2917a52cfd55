// SPDX-License-Identifier: GPL-2.0-only
/* This kernel's struct page, in the names of the harness's own; see src/page.rs. */
#include <linux/mm_types.h>
#include <linux/page-flags.h>
#include <linux/stddef.h>
#include <linux/version.h>

#include "pagediff.h"

struct place {
	const char *name;
	long value;
};

static const struct place places[] = {
	{ "size", sizeof(struct page) },
	{ "flags", offsetof(struct page, flags) },
	{ "compound_head", offsetof(struct page, compound_head) },
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	{ "compound_dtor", offsetof(struct page, compound_dtor) },
	{ "compound_order", offsetof(struct page, compound_order) },
	{ "compound_mapcount", offsetof(struct page, compound_mapcount) },
	{ "compound_pincount", offsetof(struct page, compound_pincount) },
	{ "compound_nr", offsetof(struct page, compound_nr) },
#endif
	{ "mapping", offsetof(struct page, mapping) },
	{ "index", offsetof(struct page, index) },
	{ "private", offsetof(struct page, private) },
	{ "_mapcount", offsetof(struct page, _mapcount) },
	{ "_refcount", offsetof(struct page, _refcount) },
#ifdef CONFIG_MEMCG
	{ "memcg_data", offsetof(struct page, memcg_data) },
#endif
	{ "PG_locked", PG_locked },
	{ "PG_dirty", PG_dirty },
	{ "PG_head", PG_head },
};

int about_print(char *text, size_t size)
{
	size_t i;
	int length = 0;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		length += scnprintf(text + length, size - length, "page.%s %ld\n",
				    places[i].name, places[i].value);
	return length;
}
