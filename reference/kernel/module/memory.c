// SPDX-License-Identifier: GPL-2.0-only
/* The pages of a case: made as the world says, and given back whatever became of them. */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/page_ref.h>

#include "pagediff.h"

static bool is_in_our_file(const struct trial *trial, u32 number)
{
	return trial->world.folios[number].file && !trial_is_user(trial, number);
}

/*
 * Which folios the arrays name. What no array names, no call can get: the kernel would have
 * nothing to do with its pages, and none are made.
 */
static void find_named(struct trial *trial)
{
	const struct case_world *world = &trial->world;
	u32 i;

	memset(trial->named, 0, world->nr_folios * sizeof(trial->named[0]));
	for (i = 0; i < world->nr_entries; i++)
		if (world->entries[i].backing != CASE_NULL)
			trial->named[world->entries[i].folio] = true;
}

static int allocate(struct trial *trial, u32 number)
{
	struct trial_folio *folio = &trial->folios[number];
	unsigned int order = trial->world.folios[number].order;

	folio->head = pool_take(order);
	if (!folio->head)
		return PAGEDIFF_NO_MEMORY;
	folio->base = 1;
	freed_watch(folio->head, number);
	if (is_in_our_file(trial, number) && file_add(trial, number)) {
		freed_ignore(folio->head);
		pool_put(folio->head, order);
		return PAGEDIFF_NO_MEMORY;
	}
	return PAGEDIFF_RAN;
}

/*
 * More references than calls can drop, and few enough that a user page has room for them
 * beside the mapping's and the file's: get_user_pages() refuses a count that is negative.
 */
#define MAX_USER_REFS	(1U << 20)

/* How many references of the case's a page counts as having, and has not. */
static u32 unseen_references(const struct trial *trial, u32 number)
{
	u32 refs = trial->world.folios[number].refs;

	return trial_is_user(trial, number) && refs > MAX_USER_REFS ? refs - MAX_USER_REFS : 0;
}

/* The references, the dirty mark and the lock that the page starts with. */
static void start_state(struct trial *trial, u32 number)
{
	const struct case_folio *shape = &trial->world.folios[number];
	struct trial_folio *folio = &trial->folios[number];
	u32 refs = shape->refs;

	folio->unseen = unseen_references(trial, number);
	folio->base -= folio->unseen;
	page_ref_add(folio->head, refs - folio->unseen);
	folio->expected = refs;
	if (shape->dirty)
		set_page_dirty_lock(folio->head);
	folio->was_dirty = shape->dirty;
	if (shape->locked) {
		lock_page(folio->head);
		folio->holder = true;
		trial->nr_holders++;
	}
	folio->flags = folio->head->flags;
	folio->mapping = (unsigned long)folio->head->mapping;
	if (shape->order)
		folio->tail_flags = folio->head[1].flags;
}

static int make_folio(struct trial *trial, u32 number)
{
	struct trial_folio *folio = &trial->folios[number];
	int status;

	memset(folio, 0, sizeof(*folio));
	folio->frame = trial->world.folios[number].frame;
	if (trial_is_user(trial, number))
		status = user_take(trial, number);
	else
		status = allocate(trial, number);
	if (status != PAGEDIFF_RAN)
		return status;
	start_state(trial, number);
	trial->made[trial->nr_made++] = number;
	return PAGEDIFF_RAN;
}

static int make_folios(struct trial *trial)
{
	u32 number;
	int status;

	for (number = 0; number < trial->world.nr_folios; number++) {
		if (!trial->named[number]) {
			trial->folios[number].was_dirty = trial->world.folios[number].dirty;
			continue;
		}
		status = make_folio(trial, number);
		if (status != PAGEDIFF_RAN)
			return status;
	}
	return PAGEDIFF_RAN;
}

/* Makes the world that the records describe; enum pagediff_status. */
int trial_build(struct trial *trial)
{
	int status;

	case_world_build(&trial->world, trial->records, trial->nr_records);
	if (trial->nr_regions) {
		status = user_find_orders(trial);
		if (status != PAGEDIFF_RAN)
			return status;
	}
	find_named(trial);
	return make_folios(trial);
}

/* Makes the page what alloc_pages() gave, so that nothing of the case stays. */
static void give_back(struct trial *trial, u32 number)
{
	struct trial_folio *folio = &trial->folios[number];
	struct page *head = folio->head;
	unsigned int order = trial->world.folios[number].order;

	freed_ignore(head);
	if (is_in_our_file(trial, number)) {
		/* A lock that a call has kept is as good. */
		if (!PageLocked(head))
			lock_page(head);
		file_remove(trial, number);
		unlock_page(head);
	} else if (PageLocked(head)) {
		unlock_page(head);
	}
	ClearPageDirty(head);
	if (order)
		atomic_set(folio_pincount(head), 0);
	set_page_count(head, 1);
	/* A page that was tampered with is for the kernel to look at, not for other cases. */
	if (trial->nr_strays)
		__free_pages(head, order);
	else
		pool_put(head, order);
}

void trial_tear_down(struct trial *trial)
{
	u32 i;

	for (i = 0; i < trial->nr_made; i++) {
		u32 number = trial->made[i];

		if (trial_is_user(trial, number))
			user_give_back(trial, number);
		else if (!trial->folios[number].times_freed)
			give_back(trial, number);
		else if (is_in_our_file(trial, number))
			file_remove(trial, number);
	}
}
