// SPDX-License-Identifier: GPL-2.0-only
/* What a case left behind: its pages and the counters, at the end. */
#include <linux/mm.h>
#include <linux/page_ref.h>

#include "pagediff.h"

/* Flags of a head page that a release may change, or that waiting for it does. */
#define CHANGING_FLAGS	(BIT(PG_locked) | BIT(PG_dirty) | BIT(PG_waiters))

/* Flags of a user page's tails that a release could get wrong: the rest is others' business. */
#define TAIL_MARKS	(BIT(PG_dirty) | BIT(PG_locked))

#define WORD_OF(field)	(offsetof(struct page, field) / sizeof(u64))

static void add_stray(struct trial *trial, u32 frame, u32 word, u64 expected, u64 found)
{
	/* One is enough to fail; the first few tell where. */
	if (expected != found && trial->nr_strays < TRIAL_MAX_STRAYS)
		trial->strays[trial->nr_strays++] = (struct pagediff_stray) {
			.frame = frame, .word = word, .expected = expected, .found = found,
		};
}

static void add_balance(struct trial *trial, u32 balance, u32 number, s64 expected, s64 found)
{
	if (expected != found && trial->nr_imbalances < TRIAL_MAX_STRAYS)
		trial->imbalances[trial->nr_imbalances++] = (struct pagediff_imbalance) {
			.balance = balance, .folio = number,
			.expected = expected, .found = found,
		};
}

/* Notes that a call was to drop a reference which the page does not have any more. */
void trial_lacks_reference(struct trial *trial, u32 number)
{
	add_balance(trial, PAGEDIFF_LACKING, number, 1, 0);
}

/*
 * How many pages of a compound page are its own: with hugetlb_free_vmemmap=on, those behind are
 * its first ones, mapped again and again, and look like heads.
 */
static u32 own_pages(const struct trial *trial, u32 number)
{
	u32 pages = trial->world.folios[number].pages;
#ifdef CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP
	const u32 mapped = PAGE_SIZE / sizeof(struct page);

	if (static_branch_unlikely(&hugetlb_optimize_vmemmap_key) &&
	    trial_is_user(trial, number) && pages > mapped &&
	    test_bit(PG_head, &trial->folios[number].head[mapped].flags))
		return mapped;
#endif
	return pages;
}

/*
 * The words of tail pages that no release has any business with; of the flags those in the
 * masks. Newer kernels keep other things in the flags of the first tail page.
 */
static void check_tails(struct trial *trial, u32 number, u64 first_mask, u64 mask)
{
	const struct trial_folio *folio = &trial->folios[number];
	const struct case_folio *shape = &trial->world.folios[number];
	struct page *head = folio->head;
	const u32 pages = own_pages(trial, number);
	u64 differing = 0;
	u32 tail;

	/* As a rule they are all as they must be, which is told fast. */
	if (pages > 1)
		differing = (head[1].flags ^ folio->tail_flags) & first_mask;
	for (tail = 1; tail < pages; tail++) {
		differing |= head[tail].compound_head ^ ((unsigned long)head + 1);
		if (tail > 1)
			differing |= head[tail].flags & mask;
	}
	for (tail = 1; differing && tail < pages; tail++) {
		u64 flags = tail == 1 ? folio->tail_flags & first_mask : 0;

		add_stray(trial, shape->frame + tail, WORD_OF(flags), flags,
			  head[tail].flags & (tail == 1 ? first_mask : mask));
		add_stray(trial, shape->frame + tail, WORD_OF(compound_head),
			  (unsigned long)head + 1, head[tail].compound_head);
	}
}

/* The words of a kernel page that no release has any business with. */
static void check_words(struct trial *trial, u32 number)
{
	const struct trial_folio *folio = &trial->folios[number];
	const struct case_folio *shape = &trial->world.folios[number];
	struct page *head = folio->head;

	add_stray(trial, shape->frame, WORD_OF(flags), folio->flags & ~CHANGING_FLAGS,
		  head->flags & ~CHANGING_FLAGS);
	add_stray(trial, shape->frame, WORD_OF(mapping), folio->mapping,
		  (unsigned long)head->mapping);
	check_tails(trial, number, ~0UL, PAGEFLAGS_MASK);
}

static void check_counts(struct trial *trial, u32 number)
{
	const struct trial_folio *folio = &trial->folios[number];
	const struct case_folio *shape = &trial->world.folios[number];
	const u32 pages = own_pages(trial, number);
	u32 tail;

	for (tail = 1; tail < pages; tail++) {
		if (page_ref_count(&folio->head[tail]))
			add_stray(trial, shape->frame + tail, WORD_OF(_refcount), 0,
				  page_ref_count(&folio->head[tail]));
	}
}

/* Holds every page against what it must be, whatever the case did. */
void trial_check_pages(struct trial *trial)
{
	u32 i;

	add_balance(trial, PAGEDIFF_LOST_EVENTS, ~0U, 0, trial->lost_events);
	for (i = 0; i < trial->nr_made; i++) {
		u32 number = trial->made[i];
		const struct trial_folio *folio = &trial->folios[number];
		bool goes = trial->flags & PAGEDIFF_FREE && !trial_is_user(trial, number);
		bool gone = goes && (folio->is_free || folio->is_freed);

		add_balance(trial, PAGEDIFF_TIMES_FREED, number, gone, folio->times_freed);
		if (trial_lock_is_kept(trial, number))
			add_balance(trial, PAGEDIFF_LOCKS_KEPT, number, 0, 1);
		/* A page that goes under its lock is left with it. */
		if (folio->is_freed && folio->freed_locked)
			add_stray(trial, trial->world.folios[number].frame, WORD_OF(flags), 0,
				  BIT(PG_locked));
		if (folio->times_freed)
			continue;
		if (trial_is_user(trial, number))
			check_tails(trial, number, TAIL_MARKS, TAIL_MARKS);
		else
			check_words(trial, number);
		check_counts(trial, number);
	}
}

/* What the node's counters moved by, and what they should have. */
void trial_check_nodes(struct trial *trial, const struct node_counters *before)
{
	struct node_counters now;
	s64 expected = 0;
	u32 i;

	counters_read(&now);

	for (i = 0; i < trial->nr_made; i++) {
		u32 number = trial->made[i];
		const struct trial_folio *folio = &trial->folios[number];

		if (!trial_is_user(trial, number))
			expected += folio->dirty_count;
		else if (user_is_accounted(folio->head) && PageDirty(folio->head))
			expected += trial->world.folios[number].pages;
	}
	trial->pins_acquired = now.acquired_pins - before->acquired_pins;
	trial->pins_released = now.released_pins - before->released_pins;
	add_balance(trial, PAGEDIFF_FILE_DIRTY, ~0U, expected,
		    now.file_dirty - before->file_dirty);
}

static void fill_live(struct trial *trial, u32 number, struct pagediff_folio *out)
{
	const struct trial_folio *folio = &trial->folios[number];
	const struct case_folio *shape = &trial->world.folios[number];

	out->state = PAGEDIFF_STATE_LIVE;
	if (folio->times_freed) {
		/* It went though a reference of ours was on it. */
		out->refcount = -1;
		return;
	}
	out->refcount = trial_refcount(trial, number);
	out->pincount = trial_pincount(trial, number);
	out->pinned = trial_maybe_pinned(trial, number);
	out->dirty = PageDirty(folio->head);
	out->locked = PageLocked(folio->head);
	if (!shape->file)
		return;
	if (trial_is_user(trial, number)) {
		out->dirty_tags = user_is_tagged(folio->head);
		out->dirty_count = out->dirty_tags;
		return;
	}
	/* The kernel counts pages; the model counts compound pages. */
	out->dirty_tags = file_is_tagged(folio->head);
	out->dirty_count = folio->dirty_count % shape->pages ?
		folio->dirty_count : folio->dirty_count / shape->pages;
}

/* What has no page is as the case describes it. */
static void fill_unmade(struct trial *trial, u32 number, struct pagediff_folio *out)
{
	const struct case_folio *shape = &trial->world.folios[number];
	bool dirty = trial->folios[number].was_dirty;
	s32 refcount = shape->refs + !trial->owners_dropped;

	if (!refcount) {
		out->state = PAGEDIFF_STATE_FREE;
		return;
	}
	out->state = PAGEDIFF_STATE_LIVE;
	out->refcount = refcount;
	out->pinned = shape->order == 0 && (u32)refcount >= GUP_PIN_COUNTING_BIAS;
	out->dirty = dirty;
	out->locked = shape->locked;
	out->dirty_tags = shape->file && dirty;
	out->dirty_count = out->dirty_tags;
}

static void fill_folio(struct trial *trial, u32 number, struct pagediff_folio *out)
{
	const struct trial_folio *folio = &trial->folios[number];
	bool gone;

	memset(out, 0, sizeof(*out));
	if (!trial->named[number]) {
		fill_unmade(trial, number, out);
		return;
	}
	gone = folio->times_freed || trial_refcount(trial, number) == 0;
	if (folio->is_free && gone) {
		out->state = PAGEDIFF_STATE_FREE;
	} else if (folio->is_freed && gone) {
		out->state = PAGEDIFF_STATE_FREED;
		out->dirty = folio->freed_dirty;
		out->pincount = folio->freed_pincount;
	} else {
		fill_live(trial, number, out);
	}
}

/* What each compound page is in the end. */
void trial_fill_answer(struct trial *trial)
{
	u32 number;

	for (number = 0; number < trial->world.nr_folios; number++)
		fill_folio(trial, number, &trial->answer[number]);
}
