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

#define HUGE_ORDER	(PMD_SHIFT - PAGE_SHIFT)

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
 * Has a page of a file made ready for being marked, as its first write does. One that has
 * been is not written to again: the file would have to be asked each time.
 */
static void write_first(struct page *page, unsigned long address)
{
	struct page *again;

	if (!PagePrivate(page) && get_user_pages_fast(address, 1, FOLL_WRITE, &again) == 1)
		put_page(again);
}

/*
 * A page of a real file is not asked for writing, which would mark it dirty at once, and a
 * zero page would be another page then.
 */
static unsigned int write_flag(u8 source)
{
	bool only_read = source == CASE_FROM_FILE || source == CASE_FROM_ZERO ||
			 source == CASE_FROM_HUGE_ZERO;

	return only_read ? 0 : FOLL_WRITE;
}

/* Has the kernel map the page at an address; NULL if it does not. The reference is given back. */
static struct page *touch(struct trial *trial, unsigned long address, u8 source)
{
	struct page *page;

	if (get_user_pages_fast(address, 1, write_flag(source), &page) != 1) {
		trial->error = why_no_page(address);
		return NULL;
	}
	if (source == CASE_FROM_FILE)
		write_first(page, address);
	put_page(page);
	return page;
}

/* Whether the page waits to go onto the LRU lists. Pages of hugetlb never do. */
static bool awaits_lru(struct page *head)
{
	return !PageLRU(head) && !PageHuge(head);
}

static struct pagediff_region *region_of(struct trial *trial, const struct case_folio *shape)
{
	return &trial->regions[trial->region_of_record[shape->record]];
}

/* Where a page of a compound page is mapped. Its number is the same whatever the orders are. */
static unsigned long address_of(struct trial *trial, const struct case_folio *shape, u32 offset)
{
	unsigned long page = shape->page + offset - trial->first_pages[shape->record];

	return region_of(trial, shape)->address + (page << PAGE_SHIFT);
}

#define UNKNOWN_ORDER	0xff

/* Touches the page of an entry; its order is to be that of the others in its region. */
static int touch_entry(struct trial *trial, const struct case_entry *entry)
{
	const struct case_folio *shape = &trial->world.folios[entry->folio];
	u8 *order = &trial->orders[trial->region_of_record[shape->record]];
	unsigned long address = address_of(trial, shape, entry->frame - shape->frame);
	struct page *page = touch(trial, address, shape->from);
	unsigned int found;

	if (!page)
		return PAGEDIFF_NO_USER_PAGES;
	page = compound_head(page);
	found = compound_order(page);
	trial->awaits_lru |= awaits_lru(page);
	if (*order == UNKNOWN_ORDER)
		*order = found;
	return found == *order && found <= shape->order ? PAGEDIFF_RAN : PAGEDIFF_MIXED_ORDERS;
}

/*
 * Every page that an array names is touched: one that is mapped no sooner than the case
 * acquires it would get the mapping's reference then.
 */
static int touch_entries(struct trial *trial)
{
	const struct case_world *world = &trial->world;
	u32 i;

	bitmap_zero(trial->touched, CASE_MAX_FRAMES);
	for (i = 0; i < world->nr_entries; i++) {
		const struct case_entry *entry = &world->entries[i];
		int status;

		if (entry->backing == CASE_NULL)
			continue;
		if (!trial_is_user(trial, entry->folio) ||
		    __test_and_set_bit(entry->frame, trial->touched))
			continue;
		status = touch_entry(trial, entry);
		if (status != PAGEDIFF_RAN)
			return status;
	}
	return PAGEDIFF_RAN;
}

/* Regions are there for the folio records whose pages come from a mapping, in order. */
static void number_regions(struct trial *trial)
{
	u32 record = 0, region = 0, number;
	size_t i;

	for (i = 0; i < trial->nr_records && record < CASE_MAX_RECORDS; i++) {
		if (trial->records[i].type != CASE_FOLIO)
			continue;
		trial->region_of_record[record++] = region;
		region += trial->records[i].from != CASE_FROM_KERNEL;
	}
	for (number = trial->world.nr_folios; number-- > 0;) {
		const struct case_folio *shape = &trial->world.folios[number];

		trial->first_pages[shape->record] = shape->page;
	}
}

/* Builds the world anew with the orders that the kernel chose for user pages. */
int user_find_orders(struct trial *trial)
{
	u32 region;
	int status;

	for (region = 0; region < trial->nr_regions; region++) {
		trial->orders[region] = UNKNOWN_ORDER;
		trial->error = trial->regions[region].error;
		if (trial->error)
			return PAGEDIFF_NO_USER_PAGES;
	}
	number_regions(trial);
	trial->awaits_lru = false;
	status = touch_entries(trial);
	if (status != PAGEDIFF_RAN)
		return status;
	for (region = 0; region < trial->nr_regions; region++) {
		u8 asked = trial->regions[region].order;

		/* Of pages that nothing names there are none: the case has its way. */
		if (trial->orders[region] == UNKNOWN_ORDER)
			trial->orders[region] = asked;
		/* There may be huge pages the next time. */
		trial->spoilt |= asked >= HUGE_ORDER && trial->orders[region] < HUGE_ORDER;
	}
	case_records_with_orders(&trial->world, trial->records, trial->nr_records,
				 trial->orders, trial->nr_regions);
	case_world_build(&trial->world, trial->records, trial->nr_records);
	if (trial->awaits_lru)
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

/* Takes the compound page that is mapped for it into the case. */
int user_take(struct trial *trial, u32 number)
{
	const struct case_folio *shape = &trial->world.folios[number];
	struct trial_folio *folio = &trial->folios[number];
	unsigned long address = address_of(trial, shape, 0);
	struct page *page = touch(trial, address, shape->from);

	if (!page)
		return PAGEDIFF_NO_USER_PAGES;
	if (page != compound_head(page))
		return PAGEDIFF_MIXED_ORDERS;
	folio->head = page;
	folio->address = address;
	if (PageDirty(page))
		user_clean(page, false);
	folio->base = page_ref_count(page);
	return PAGEDIFF_RAN;
}

/* Acquires the page of an entry where it is mapped. */
bool user_acquire(struct trial *trial, const struct case_entry *entry, bool pins)
{
	const struct case_folio *shape = &trial->world.folios[entry->folio];
	struct trial_folio *folio = &trial->folios[entry->folio];
	unsigned int flags = write_flag(shape->from);
	u32 offset = entry->frame - shape->frame;
	unsigned long address = folio->address + ((unsigned long)offset << PAGE_SHIFT);
	struct page *page;
	int got;

	if (pins)
		got = pin_user_pages_fast(address, 1, flags, &page);
	else
		got = get_user_pages_fast(address, 1, flags, &page);
	return got == 1 && !WARN_ON(page != folio->head + offset);
}

/* Takes off what the case left on the page: it may be another's next. */
void user_give_back(struct trial *trial, u32 number)
{
	struct trial_folio *folio = &trial->folios[number];

	if ((folio->holder || folio->lock_kept) && PageLocked(folio->head))
		unlock_page(folio->head);
	if (PageHead(folio->head))
		atomic_set(folio_pincount(folio->head), 0);
	page_ref_sub(folio->head,
		     page_ref_count(folio->head) - (folio->base + folio->unseen));
	if (PageDirty(folio->head))
		user_clean(folio->head, false);
}
