// SPDX-License-Identifier: GPL-2.0-only
/*
 * release_pages(), which put_user_pages() was to replace. It marks nothing: as drivers
 * did before the patch, pages are marked first, and then released all at once.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "pagediff.h"

static void one_page(struct page *page)
{
	release_pages(&page, 1);
}

static void many_pages(struct page **pages, unsigned long npages)
{
	release_pages(pages, npages);
}

/* As drivers mark pages themselves, one by one. */
void mark_pages(struct page **pages, unsigned long npages, bool lock)
{
	unsigned long i;

	for (i = 0; i < npages; i++) {
		struct page *head = compound_head(pages[i]);

		if (PageDirty(head))
			continue;
		if (lock)
			set_page_dirty_lock(head);
		else
			set_page_dirty(head);
	}
}

static void many_pages_dirty(struct page **pages, unsigned long npages)
{
	mark_pages(pages, npages, false);
	release_pages(pages, npages);
}

static void many_pages_dirty_lock(struct page **pages, unsigned long npages)
{
	mark_pages(pages, npages, true);
	release_pages(pages, npages);
}

/*
 * The huge zero page, where the kernel has one, is left alone by release_pages() (6.1 mm/swap.c,
 * release_pages(); 6.12 mm/swap.c, folios_put_refs()). Where it has none a read fault gives an
 * anonymous page.
 */
static int release_pages_refuses(const struct trial *trial, u8 function)
{
	u32 i;

	for (i = 0; i < trial->nr_subjects; i++) {
		u32 number = trial->subjects[i];
		struct page *head = trial->folios[number].head;

		if (trial->world.folios[number].from == CASE_FROM_HUGE_ZERO &&
		    PageHead(head) && !PageAnon(head))
			return PAGEDIFF_HUGE_ZERO;
	}
	return PAGEDIFF_RAN;
}

const struct release_api release_pages_api = {
	.put_user_page = one_page,
	.put_user_pages = many_pages,
	.put_user_pages_dirty = many_pages_dirty,
	.put_user_pages_dirty_lock = many_pages_dirty_lock,
	.refuses = release_pages_refuses,
};
