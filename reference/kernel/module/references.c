// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is counted on a page of the case: references, and pins where those are what the
 * functions release. A pin is 1024 references of a small folio, and one reference and one
 * in the pincount of a large one; see pincount.c.
 */
#include <linux/mm.h>
#include <linux/page_ref.h>

#include "pagediff.h"

void trial_add_references(struct trial *trial, u32 number, u32 ordinary, u32 pins)
{
	struct trial_folio *folio = &trial->folios[number];
	struct page *head = folio->head;

	folio->ordinary += ordinary;
	page_ref_add(head, ordinary);
	if (!pins)
		return;
	if (PageHead(head)) {
		atomic_add(pins, folio_pincount(head));
		page_ref_add(head, pins);
	} else {
		page_ref_add(head, pins * GUP_PIN_COUNTING_BIAS);
	}
	mod_node_page_state(page_pgdat(head), NR_FOLL_PIN_ACQUIRED, pins);
	trial->pins_acquired += pins;
}

/* As get_user_pages() does for one entry. False if its page is not to be had. */
static bool acquire_entry(struct trial *trial, const struct case_entry *entry)
{
	const struct trial_folio *folio = &trial->folios[entry->folio];
	s32 refcount;

	if (folio->is_free || folio->is_freed)
		return false;
	refcount = trial_refcount(trial, entry->folio);
	if (refcount <= 0 || refcount == S32_MAX)
		return false;
	if (trial_is_user(trial, entry->folio))
		return user_acquire(trial, entry);
	if (trial->api->pins)
		trial_add_references(trial, entry->folio, 0, 1);
	else
		page_ref_inc(folio->head);
	return true;
}

/* Takes a reference for each backed entry; how many entries before the first refused. */
u32 trial_acquire(struct trial *trial, u32 start, u32 end)
{
	u32 i;

	for (i = start; i < end; i++) {
		const struct case_entry *entry = &trial->world.entries[i];

		if (!entry->backed)
			continue;
		if (!acquire_entry(trial, entry))
			break;
		trial->folios[entry->folio].expected++;
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
