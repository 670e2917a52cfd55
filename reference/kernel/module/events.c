// SPDX-License-Identifier: GPL-2.0-only
/* What happens to pages, as it happens and as calls end. */
#include <linux/mm.h>

#include "pagediff.h"

void trial_event(struct trial *trial, u32 number, u8 kind, s32 refcount)
{
	struct pagediff_event *event;

	/* The kernel under test decides how many there are. */
	if (trial->nr_events == TRIAL_MAX_EVENTS) {
		trial->lost_events++;
		return;
	}
	event = &trial->events[trial->nr_events++];
	event->frame = trial->world.folios[number].frame;
	event->kind = kind;
	event->padding = 0;
	event->refcount = refcount;
	event->call = trial->call;
}

static bool has_been_freed(const struct trial *trial, u32 number)
{
	const struct trial_folio *folio = &trial->folios[number];

	if (trial->flags & PAGEDIFF_FREE && !trial_is_user(trial, number))
		return folio->times_freed > 0;
	return !folio->times_freed && trial_refcount(trial, number) == 0;
}

/* Notes what the call did to a page that it named. */
static void look_at(struct trial *trial, u32 number)
{
	struct trial_folio *folio = &trial->folios[number];
	bool freed, dirty;

	if (folio->is_free || folio->is_freed)
		return;
	freed = has_been_freed(trial, number);
	/* A page that is gone was looked at as it went. */
	dirty = folio->times_freed ? folio->freed_dirty : PageDirty(folio->head);
	if (dirty && !folio->was_dirty) {
		trial_event(trial, number, PAGEDIFF_DIRTY, PAGEDIFF_UNSEEN);
		folio->was_dirty = true;
	}
	if (freed) {
		trial_event(trial, number, PAGEDIFF_FREED, 0);
		folio->is_freed = true;
		if (!folio->times_freed)
			folio->freed_locked = PageLocked(folio->head);
		folio->freed_pincount = folio->times_freed ? folio->freed_pincount :
			trial_pincount(trial, number);
		folio->freed_dirty = dirty;
	}
}

/* Notes that the page may be pinned after a call. */
static void note_pinned(struct trial *trial, u32 number)
{
	const struct trial_folio *folio = &trial->folios[number];

	if (folio->is_free || folio->is_freed || folio->times_freed ||
	    trial->nr_pinned == ARRAY_SIZE(trial->pinned) || !trial_maybe_pinned(trial, number))
		return;
	trial->pinned[trial->nr_pinned++] = (struct pagediff_pinned) {
		.call = trial->call, .folio = number,
	};
}

void trial_after_call(struct trial *trial, bool unpinned)
{
	u32 i;

	for (i = 0; i < trial->nr_subjects; i++) {
		look_at(trial, trial->subjects[i]);
		if (unpinned)
			note_pinned(trial, trial->subjects[i]);
		/* Whoever wants it next would wait for ever. */
		if (trial_lock_is_kept(trial, trial->subjects[i]))
			trial->has_stopped = true;
	}
}
