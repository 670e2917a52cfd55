// SPDX-License-Identifier: GPL-2.0-only
/* This kernel's struct page, in the names of the harness's own; see src/page.rs. */
#include <linux/mm_types.h>
#include <linux/page-flags.h>
#include <linux/stddef.h>
#include <linux/string.h>
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
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	{ "compound_order", offsetof(struct folio, _flags_1) - sizeof(struct page) },
	{ "compound_pincount", offsetof(struct folio, _pincount) - sizeof(struct page) },
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
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

/* The place of a field; -1 if it is none that is known here. */
long about_place(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		if (!strcmp(places[i].name, name))
			return places[i].value;
	return -1;
}

int about_print(char *text, size_t size)
{
	const char *refused = fast_refused_field();
	size_t i;
	int length = 0;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		length += scnprintf(text + length, size - length, "page.%s %ld\n",
				    places[i].name, places[i].value);
	if (refused)
		length += scnprintf(text + length, size - length, "fast.refused %s\n", refused);
	return length;
}
