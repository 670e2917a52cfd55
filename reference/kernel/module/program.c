// SPDX-License-Identifier: GPL-2.0-only
/* The case's program, step by step. */
#include <linux/mm.h>

#include "pagediff.h"

static void fill(struct trial *trial, const struct case_step *step)
{
	u32 start = trial->world.arrays[step->array].start;
	u32 *length = &trial->lengths[step->array];

	/* An array that was cut short before stays so. */
	if (*length == step->first)
		*length += trial_acquire(trial, start + step->first, start + step->end);
	trial->acquired[trial->nr_acquired++] = *length;
}

static void acquire_again(struct trial *trial, const struct case_step *step)
{
	u32 start = trial->world.arrays[step->array].start;
	u32 *length = &trial->lengths[step->array];

	*length = trial_acquire(trial, start, start + *length);
	trial->acquired[trial->nr_acquired++] = *length;
}

/*
 * Claims what the function drops for an entry from so many references and pins. False if
 * it is not there.
 */
static bool claim(const struct trial *trial, u32 number, u8 function, u32 *references,
		  u32 *pins)
{
	struct page *head = trial->folios[number].head;
	u32 dropped = 1;

	if (case_unpins(function)) {
		if (trial_is_zero_page(trial, number))
			return true;
		if (PageHead(head) && !(*pins)--)
			return false;
		dropped = references_of_pin(head);
	} else if ((s32)*references <= 0) {
		/* A count that went round is one of very many pins, and no reference. */
		return false;
	}
	if (*references < dropped)
		return false;
	*references -= dropped;
	return true;
}

static bool case_locks(u8 function)
{
	return function == CASE_PUT_USER_PAGES_DIRTY_LOCK ||
	       function == CASE_UNPIN_USER_PAGES_DIRTY_LOCK ||
	       function == CASE_UNPIN_USER_PAGE_RANGE_DIRTY_LOCK;
}

/*
 * Whether the call drops a reference or a pin that nobody has, or frees a page under its
 * holder's lock or with a pin. A case that does neither may do so with the orders that the kernel chose for user
 * pages, and would take the mapping's own references. Counted beside the pages: what a
 * wrong kernel did to these is no reason to skip.
 */
static bool over_releases(struct trial *trial, u8 function, const struct case_entry *entries,
			  u32 npages)
{
	u32 i;

	for (i = 0; i < npages; i++) {
		struct trial_folio *folio = &trial->folios[entries[i].folio];

		if (entries[i].backing == CASE_NULL)
			continue;
		if (!claim(trial, entries[i].folio, function, &folio->expected,
			   &folio->expected_pins))
			return true;
		if (folio->expected)
			continue;
		/* The holder unlocks the page if the call waits for it. */
		if (folio->expected_pins ||
		    (folio->holder && (!case_locks(function) || PageDirty(folio->head))))
			return true;
	}
	return false;
}

/* Notes that the next call names a compound page, and what references that has. */
static void add_subject(struct trial *trial, u32 number, u8 function)
{
	struct trial_folio *folio = &trial->folios[number];
	bool gone = folio->is_free || folio->is_freed || folio->times_freed;
	s32 refcount = gone ? 0 : trial_refcount(trial, number);

	folio->last_call = trial->call + 1;
	/* A count that went round is one of very many pins. */
	folio->left = case_unpins(function) ? refcount : max(refcount, 0);
	folio->left_pins = gone ? 0 : trial_pincount(trial, number);
	trial->subjects[trial->nr_subjects++] = number;
}

/*
 * Makes the array that the next call gets. False if the pages lack references that it is to
 * drop. The case has them, so something went wrong before: the call would spoil pages that
 * are others' by then.
 */
static bool prepare_call(struct trial *trial, u8 function, const struct case_entry *entries,
			 u32 npages)
{
	bool may_lack = trial->flags & PAGEDIFF_UNDEFINED;
	u32 i;

	trial->nr_subjects = 0;
	for (i = 0; i < npages; i++) {
		struct trial_folio *folio = &trial->folios[entries[i].folio];

		if (entries[i].backing == CASE_NULL) {
			trial->pages[i] = NULL;
			continue;
		}
		if (folio->last_call != trial->call + 1)
			add_subject(trial, entries[i].folio, function);
		if (!claim(trial, entries[i].folio, function, &folio->left,
			   &folio->left_pins) && !may_lack) {
			trial_lacks_reference(trial, entries[i].folio);
			return false;
		}
		trial->pages[i] = folio->head + (entries[i].frame - folio->frame);
	}
	return true;
}

static int call(struct trial *trial, const struct case_step *step)
{
	const struct case_entry *entries = NULL;
	u32 npages = 0;

	if (step->array != CASE_NO_ARRAY) {
		u32 length = trial->lengths[step->array];
		u32 first = min_t(u32, step->first, length);
		u32 start = trial->world.arrays[step->array].start;

		npages = min_t(u32, step->end, length) - first;
		entries = &trial->world.entries[start + first];
	}
	if (trial->nr_regions && !(trial->flags & PAGEDIFF_UNDEFINED) &&
	    over_releases(trial, step->function, entries, npages))
		return PAGEDIFF_OVER_RELEASES;
	if (!prepare_call(trial, step->function, entries, npages)) {
		trial->has_stopped = true;
		return PAGEDIFF_RAN;
	}
	if (trial->api->refuses) {
		int status = trial->api->refuses(trial, step->function);

		if (status != PAGEDIFF_RAN)
			return status;
	}
	caller_call(trial, step->function, npages);
	trial_after_call(trial, case_unpins(step->function));
	trial->call++;
	return PAGEDIFF_RAN;
}

static void call_with_errno(struct trial *trial, const struct case_step *step)
{
	trial->nr_subjects = 0;
	caller_call_with_errno(trial, step->function, step->first);
	trial_after_call(trial, case_unpins(step->function));
	trial->call++;
}

static void clean_folio(struct trial *trial, u32 number)
{
	struct trial_folio *folio = &trial->folios[number];

	if (folio->is_free || folio->is_freed || folio->times_freed ||
	    trial_refcount(trial, number) <= 0)
		return;
	if (trial_is_user(trial, number))
		user_clean(folio->head, folio->holder);
	else if (trial->world.folios[number].file)
		file_clean(trial, number);
	else
		ClearPageDirty(folio->head);
	folio->was_dirty = false;
}

static void clean(struct trial *trial, const struct case_step *step)
{
	u32 number;

	for (number = step->first; number < step->end; number++) {
		if (trial->named[number])
			clean_folio(trial, number);
		else
			trial->folios[number].was_dirty = false;
	}
}

/* Whether a real file's page would be marked without its lock, which its file forbids. */
static bool needs_lock(const struct trial *trial)
{
	const struct case_world *world = &trial->world;
	u32 i, entry;

	for (i = 0; i < world->nr_steps; i++) {
		const struct case_step *step = &world->steps[i];
		u32 start;

		if (step->kind != CASE_STEP_CALL || step->array == CASE_NO_ARRAY ||
		    step->function != CASE_PUT_USER_PAGES_DIRTY)
			continue;
		start = world->arrays[step->array].start;
		for (entry = start + step->first; entry < start + step->end; entry++) {
			if (world->entries[entry].backing != CASE_NULL &&
			    world->folios[world->entries[entry].folio].from == CASE_FROM_FILE)
				return true;
		}
	}
	return false;
}

static bool lacks_function(const struct trial *trial)
{
	u32 i;

	for (i = 0; i < trial->world.nr_steps; i++) {
		const struct case_step *step = &trial->world.steps[i];

		if ((step->kind == CASE_STEP_CALL || step->kind == CASE_STEP_CALL_WITH_ERRNO) &&
		    !trial_has_function(trial, step->function))
			return true;
	}
	return false;
}

/* Runs so many steps of the program; enum pagediff_status. */
int trial_run_program(struct trial *trial, u32 steps)
{
	int status;
	u32 i;

	if (lacks_function(trial))
		return PAGEDIFF_LACKS;
	if (trial->nr_regions && needs_lock(trial))
		return PAGEDIFF_NEEDS_LOCK;
	memset(trial->lengths, 0, sizeof(trial->lengths));
	for (i = 0; i < min_t(u32, steps, trial->world.nr_steps) && !trial->has_stopped; i++) {
		const struct case_step *step = &trial->world.steps[i];

		switch (step->kind) {
		case CASE_STEP_FILL:
			fill(trial, step);
			break;
		case CASE_STEP_ACQUIRE:
			acquire_again(trial, step);
			break;
		case CASE_STEP_DROP_OWNERS:
			trial_drop_owners(trial);
			break;
		case CASE_STEP_CALL:
			status = call(trial, step);
			if (status != PAGEDIFF_RAN)
				return status;
			break;
		case CASE_STEP_CALL_WITH_ERRNO:
			call_with_errno(trial, step);
			break;
		case CASE_STEP_CLEAN:
			clean(trial, step);
			break;
		}
	}
	return PAGEDIFF_RAN;
}
