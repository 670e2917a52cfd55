// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of user mappings, which the agent has made: found by get_user_pages_fast(), and
 * acquired by it or by pin_user_pages_fast(). What references the mapping really has are
 * the page's base: they keep it all the while, whatever the case drops.
 */
#include <linux/backing-dev.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>

#include "pagediff.h"

/*
 * A page that is about to go onto the LRU lists has a reference for it, until the lists
 * are brought up to date; unmapping does so.
 */
static void drain_lru(void)
{
	unsigned long address;

	address = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, 0);
	if (!IS_ERR_VALUE(address))
		vm_munmap(address, PAGE_SIZE);
}

/* Whether so many pages, which are given back, are all of one order; it is set at first. */
static bool are_of_order(struct page **pages, unsigned long count, int *order)
{
	bool same = true;
	unsigned long i;

	for (i = 0; i < count; i++) {
		int found = compound_order(compound_head(pages[i]));

		put_page(pages[i]);
		if (*order < 0)
			*order = found;
		same &= found == *order;
	}
	return same;
}

/* Why the kernel gives no page at an address, which it did not give with others. */
static u32 why_no_page(unsigned long address)
{
	struct page *page;
	int got = get_user_pages_fast(address, 1, FOLL_WRITE, &page);

	if (got != 1)
		return got < 0 ? -got : EFAULT;
	put_page(page);
	return EAGAIN;
}

/*
 * Every page is touched: one that is mapped no sooner than the case acquires it would get
 * the mapping's reference then.
 */
static int find_order(struct trial *trial, const struct pagediff_region *region, u8 *order)
{
	unsigned long pages = (unsigned long)region->count << region->order;
	unsigned long i, count;
	int got, found = -1;

	trial->error = region->error;
	if (trial->error)
		return PAGEDIFF_NO_USER_PAGES;
	for (i = 0; i < pages; i += count) {
		unsigned long address = region->address + (i << PAGE_SHIFT);

		bool same;

		count = min_t(unsigned long, pages - i, CASE_MAX_ENTRIES);
		got = get_user_pages_fast(address, count, FOLL_WRITE, trial->pages);
		same = are_of_order(trial->pages, max(got, 0), &found);
		if (got != (int)count) {
			trial->error = why_no_page(address + max(got, 0) * PAGE_SIZE);
			return PAGEDIFF_NO_USER_PAGES;
		}
		if (!same || found > region->order)
			return PAGEDIFF_MIXED_ORDERS;
	}
	*order = found < 0 ? region->order : found;
	return PAGEDIFF_RAN;
}

/* Regions are there for the folio records whose pages come from a mapping, in order. */
static void number_regions(struct trial *trial)
{
	u32 record = 0, region = 0;
	size_t i;

	for (i = 0; i < trial->nr_records && record < CASE_MAX_RECORDS; i++) {
		if (trial->records[i].type != CASE_FOLIO)
			continue;
		trial->region_of_record[record++] = region;
		region += trial->records[i].from != CASE_FROM_KERNEL;
	}
}

/* Builds the world anew with the orders that the kernel chose for user pages. */
int user_find_orders(struct trial *trial)
{
	u32 region;

	for (region = 0; region < trial->nr_regions; region++) {
		int status = find_order(trial, &trial->regions[region], &trial->orders[region]);

		if (status != PAGEDIFF_RAN)
			return status;
	}
	case_records_with_orders(&trial->world, trial->records, trial->nr_records,
				 trial->orders, trial->nr_regions);
	number_regions(trial);
	case_world_build(&trial->world, trial->records, trial->nr_records);
	drain_lru();
	return PAGEDIFF_RAN;
}

/* Whether the page belongs to a file that counts and tags dirty pages. */
bool user_is_accounted(struct page *head)
{
	struct address_space *mapping = folio_mapping(page_folio(head));

	return mapping && mapping_can_writeback(mapping);
}

void user_clean(struct page *head, bool is_locked)
{
	struct address_space *mapping = folio_mapping(page_folio(head));

	if (!user_is_accounted(head)) {
		ClearPageDirty(head);
		return;
	}
	if (!is_locked)
		lock_page(head);
	clear_page_dirty_for_io(head);
	xa_lock_irq(&mapping->i_pages);
	__xa_clear_mark(&mapping->i_pages, head->index, PAGECACHE_TAG_DIRTY);
	xa_unlock_irq(&mapping->i_pages);
	if (!is_locked)
		unlock_page(head);
}

bool user_is_tagged(struct page *head)
{
	struct address_space *mapping = folio_mapping(page_folio(head));

	return user_is_accounted(head) &&
	       xa_get_mark(&mapping->i_pages, head->index, PAGECACHE_TAG_DIRTY);
}

/* Takes the compound page that is mapped at the address into the case. */
int user_take(struct trial *trial, u32 number, unsigned long address)
{
	struct trial_folio *folio = &trial->folios[number];
	struct page *page;

	if (get_user_pages_fast(address, 1, FOLL_WRITE, &page) != 1) {
		trial->error = why_no_page(address);
		return PAGEDIFF_NO_USER_PAGES;
	}
	put_page(page);
	if (page != compound_head(page))
		return PAGEDIFF_MIXED_ORDERS;
	folio->head = page;
	folio->address = address;
	if (PageDirty(page))
		user_clean(page, false);
	folio->base = page_ref_count(page);
	return PAGEDIFF_RAN;
}

/*
 * Acquires the page of an entry where it is mapped. A page of a real file is not asked
 * for writing, which would mark it dirty at once.
 */
bool user_acquire(struct trial *trial, const struct case_entry *entry)
{
	const struct case_folio *shape = &trial->world.folios[entry->folio];
	struct trial_folio *folio = &trial->folios[entry->folio];
	unsigned int flags = shape->from == CASE_FROM_FILE ? 0 : FOLL_WRITE;
	u32 offset = entry->frame - shape->frame;
	unsigned long address = folio->address + ((unsigned long)offset << PAGE_SHIFT);
	struct page *page;
	int got;

	if (trial->api->pins)
		got = pin_user_pages_fast(address, 1, flags, &page);
	else
		got = get_user_pages_fast(address, 1, flags, &page);
	if (got != 1 || WARN_ON(page != folio->head + offset))
		return false;
	if (trial->api->pins)
		trial->pins_acquired++;
	return true;
}

/* Takes off what the case left on the page. */
void user_give_back(struct trial *trial, u32 number)
{
	struct trial_folio *folio = &trial->folios[number];

	if ((folio->holder || folio->lock_kept) && PageLocked(folio->head))
		unlock_page(folio->head);
	if (PageHead(folio->head))
		atomic_set(folio_pincount(folio->head), 0);
	page_ref_sub(folio->head,
		     page_ref_count(folio->head) - (folio->base + folio->unseen));
}
