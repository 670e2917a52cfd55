// SPDX-License-Identifier: GPL-2.0-only
/* References of the case, and pins: taken for entries, and dropped by owners. */
#include <linux/mm.h>
#include <linux/page_ref.h>

#include "pagediff.h"

/* What a right kernel has counted for an entry. */
static void expect_acquired(struct trial *trial, u32 number, bool pins)
{
	struct trial_folio *folio = &trial->folios[number];

	if (!pins) {
		folio->expected++;
	} else if (!trial_is_zero_page(trial, number)) {
		folio->expected += references_of_pin(folio->head);
		folio->expected_pins += PageHead(folio->head);
	}
}

/* As get_user_pages() or pin_user_pages() does for one entry. False if its page is not to be had. */
static bool acquire_entry(struct trial *trial, const struct case_entry *entry)
{
	const struct trial_folio *folio = &trial->folios[entry->folio];
	bool pins = entry->backing == CASE_PINNED;
	s32 refcount;

	if (folio->is_free || folio->is_freed)
		return false;
	refcount = trial_refcount(trial, entry->folio);
	/* A pin with which the count goes round is taken. */
	if (refcount <= 0 || (!pins && refcount == S32_MAX))
		return false;
	if (trial_is_user(trial, entry->folio)) {
		if (!user_acquire(trial, entry, pins))
			return false;
	} else if (pins) {
		trial_pin(trial, entry->folio);
	} else {
		page_ref_inc(folio->head);
	}
	expect_acquired(trial, entry->folio, pins);
	return true;
}

/* Takes a reference for each backed entry; how many entries before the first refused. */
u32 trial_acquire(struct trial *trial, u32 start, u32 end)
{
	u32 i;

	for (i = start; i < end; i++) {
		const struct case_entry *entry = &trial->world.entries[i];

		if (entry->backing == CASE_UNBACKED || entry->backing == CASE_NULL)
			continue;
		if (!acquire_entry(trial, entry))
			break;
	}
	return i - start;
}

/*
 * The owners' references. Ours, by which we see a freed page safely, takes their place
 * until then, so that no page needs more than a refcount has room for.
 */
void trial_drop_owners(struct trial *trial)
{
	u32 i;

	trial->owners_dropped = true;
	for (i = 0; i < trial->nr_made; i++) {
		u32 number = trial->made[i];
		struct trial_folio *folio = &trial->folios[number];

		folio->is_free = trial_refcount(trial, number) == 0;
		if (trial->flags & PAGEDIFF_FREE && !trial_is_user(trial, number)) {
			folio->base--;
			put_page(folio->head);
		}
	}
}
