/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One case on the kernel's own pages: what the files of this module share.
 */
#ifndef PAGEDIFF_H
#define PAGEDIFF_H

#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/version.h>

#include "release.h"
#include "uapi.h"
#include "world.h"

/*
 * A compound page of the case. Its shape is in the world, under the same number. Of one that
 * has no page, for nothing names it, only was_dirty counts.
 */
struct trial_folio {
	struct page *head;
	unsigned long address;	/* of user pages, where they are mapped */
	u32 frame;		/* of the head page */
	u32 base;		/* what the refcount is with no reference of the case's */
	u32 unseen;		/* of the case's references, those of user pages that are not on the page */
	u32 expected;		/* the case's references, as a right kernel has them */
	u32 expected_pins;	/* the same of its pincount */
	u32 last_call;		/* the latest call that named it, counted from 1 */
	u32 left;		/* references that the call has not claimed yet */
	u32 left_pins;		/* the same of its pincount */
	u32 times_freed;	/* how often the page really went */
	s32 dirty_count;	/* pages that the file's account got from it */
	s32 orphaned_dirty;	/* of those, how many a freed page left behind */
	unsigned long flags;	/* of the head page at the start */
	unsigned long tail_flags;	/* of the first tail page at the start */
	unsigned long mapping;	/* of the head page at the start */
	bool was_dirty;
	bool holder;		/* the lock on it is the holder's */
	bool lock_kept;		/* the lock on it is one that a call has kept */
	bool is_free;		/* it had no reference when the owners dropped theirs */
	bool is_freed;		/* a call freed it */
	bool freed_dirty;	/* it was dirty then */
	bool freed_locked;	/* it was locked then */
	s32 freed_pincount;	/* its pincount then */
};

/* What the nodes count that cases change. */
struct node_counters {
	s64 acquired_pins;
	s64 released_pins;
	s64 file_dirty;
};

/* Room for the answer's events: each release may mark a page and free it. */
#define TRIAL_MAX_EVENTS	(2 * CASE_MAX_LONG_ENTRIES)
#define TRIAL_MAX_STRAYS	256

/* release_release_pages.c: marks the pages of an array, with their locks or without. */
void mark_pages(struct page **pages, unsigned long npages, bool lock);

/* A case being run. There is one at a time, and one object for all of them. */
struct trial {
	const struct release_api *api;
	u8 flags;		/* PAGEDIFF_FREE and so on */
	struct case_record *records;
	size_t nr_records;
	struct case_world world;
	struct pagediff_region *regions;
	u32 error;		/* why there are no user pages; an errno */
	u32 nr_regions;
	u8 orders[CASE_MAX_RECORDS];	/* of each region's pages */
	u16 region_of_record[CASE_MAX_RECORDS];	/* by the number of the folio record */
	u16 first_pages[CASE_MAX_RECORDS];	/* of each folio record: a page's number */
	DECLARE_BITMAP(touched, CASE_MAX_FRAMES);	/* frames whose user pages are */
	struct trial_folio folios[CASE_MAX_FRAMES];
	bool named[CASE_MAX_FRAMES];	/* whether an array names each folio */
	u16 made[CASE_MAX_FRAMES];	/* the numbers of those that have pages */
	u32 nr_made;
	u32 nr_holders;			/* of page locks */
	u16 subjects[CASE_MAX_FRAMES];	/* the numbers of those that the call names */
	u32 nr_subjects;
	struct page *pages[CASE_MAX_LONG_ENTRIES];	/* the array that a call gets */
	u32 lengths[CASE_MAX_ARRAYS];	/* how far each array goes */
	bool owners_dropped;
	bool awaits_lru;	/* whether a user page does, with a reference for it */
	bool spoilt;		/* what user pages there are is for no other case */
	bool has_stopped;	/* the program ended early, for going on was unsafe */
	bool in_call;		/* what happens to pages now are events */
	u32 call;		/* the number of the current call */

	/* The answer. */
	struct pagediff_event events[TRIAL_MAX_EVENTS];
	u32 nr_events;
	u32 lost_events;	/* for which there was no room */
	u32 acquired[CASE_MAX_STEPS];
	u32 nr_acquired;
	struct pagediff_stray strays[TRIAL_MAX_STRAYS];
	u32 nr_strays;
	struct pagediff_folio answer[CASE_MAX_FRAMES];
	struct pagediff_imbalance imbalances[TRIAL_MAX_STRAYS];
	u32 nr_imbalances;
	struct pagediff_pinned pinned[CASE_MAX_LONG_ENTRIES];
	u32 nr_pinned;
	struct pagediff_stop stops[CASE_MAX_STEPS];
	u32 nr_stops;
	s64 pins_acquired;	/* as the node counts them */
	s64 pins_released;
};

/* The one trial; freed.c and file.c are called by the kernel and look here. */
extern struct trial *trial;

/* Whether the page comes from a user mapping. */
static inline bool trial_is_user(const struct trial *trial, u32 number)
{
	return trial->world.folios[number].from != CASE_FROM_KERNEL;
}

/* Whether it is the zero page, which pins leave alone. */
static inline bool trial_is_zero_page(const struct trial *trial, u32 number)
{
	return trial->world.folios[number].from == CASE_FROM_ZERO;
}

/*
 * The references that the reference implementation would have: those of the case, and the
 * owner's until it drops it. Counts may go beyond 2^31 on the page, never beyond 2^32.
 */
static inline s32 trial_refcount(const struct trial *trial, u32 number)
{
	const struct trial_folio *folio = &trial->folios[number];
	u32 count = (u32)page_ref_count(folio->head) - folio->base;

	if (!trial->owners_dropped)
		count++;
	return count;
}

/*
 * Whether the page has a lock that is not the holder's. A call that returned with it is to
 * blame; nobody would ever give it back.
 */
static inline bool trial_lock_is_kept(struct trial *trial, u32 number)
{
	struct trial_folio *folio = &trial->folios[number];

	if (!folio->times_freed && !folio->holder && PageLocked(folio->head))
		folio->lock_kept = true;
	return folio->lock_kept;
}

/* memory.c: the pages. */
int trial_build(struct trial *trial);
void trial_tear_down(struct trial *trial);

/* pool.c: pages that wait for the next case. */
struct page *pool_take(unsigned int order);
void pool_put(struct page *page, unsigned int order);
void pool_exit(void);

/* references.c: what is counted. */
u32 trial_acquire(struct trial *trial, u32 start, u32 end);
void trial_drop_owners(struct trial *trial);

/* References that a pin of this head page is. */
static inline u32 references_of_pin(struct page *head)
{
	return PageHead(head) ? 1 : GUP_PIN_COUNTING_BIAS;
}

/* 6.12 has all functions of folios; which kernel between brought each is not asked. */
#define HAS_FOLIOS	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0))

/* pins.c: pins, as the kernel counts them, and the functions that release them. */
atomic_t *folio_pincount(struct page *head);
s32 trial_pincount(const struct trial *trial, u32 number);
bool trial_maybe_pinned(const struct trial *trial, u32 number);
void trial_pin(struct trial *trial, u32 number);
bool trial_has_function(const struct trial *trial, u8 function);
void unpin(const struct release_api *api, u8 function, struct page **pages,
	   unsigned long npages);
u32 side_by_side(struct page **pages, u32 npages);
u32 of_one_folio(struct page **pages, u32 npages);

/* user.c: pages of user mappings. */
int user_find_orders(struct trial *trial);
int user_take(struct trial *trial, u32 number);
bool user_acquire(struct trial *trial, const struct case_entry *entry, bool pins);
void user_give_back(struct trial *trial, u32 number);
void user_clean(struct page *head, bool is_locked);
bool user_is_accounted(struct page *head);
bool user_is_tagged(struct page *head);

/* file.c: the file that pages of kind file belong to. */
int file_init(void);
void file_exit(void);
int file_add(struct trial *trial, u32 number);
void file_remove(struct trial *trial, u32 number);
void file_clean(struct trial *trial, u32 number);
bool file_is_tagged(const struct page *head);
void file_orphan(struct trial_folio *folio);

/* freed.c: pages that really go. */
int freed_init(void);
void freed_exit(void);

/* Above the number of the compound page in the private word of its head page. */
#define FREED_WATCHED		0x70616765UL
#define FREED_WATCHED_SHIFT	32

static inline void freed_watch(struct page *head, u32 number)
{
	set_page_private(head, FREED_WATCHED << FREED_WATCHED_SHIFT | number);
}

static inline void freed_ignore(struct page *head)
{
	set_page_private(head, 0);
}

/* program.c: the program, step by step. */
int trial_run_program(struct trial *trial, u32 steps);

/* caller.c: calls, and the holders of page locks. */
int caller_init(void);
void caller_exit(void);
void caller_call(struct trial *trial, u8 function, u32 npages);
void caller_call_with_errno(struct trial *trial, u8 function, u32 errno);

/* events.c: what happens to pages. */
void trial_event(struct trial *trial, u32 number, u8 kind, s32 refcount);
void trial_after_call(struct trial *trial, bool unpinned);

/* outcome.c: what the case left behind. */
void trial_lacks_reference(struct trial *trial, u32 number);
void trial_check_pages(struct trial *trial);
void trial_check_nodes(struct trial *trial, const struct node_counters *before);
void trial_fill_answer(struct trial *trial);

/* counters.c: the nodes' counters. */
void counters_read(struct node_counters *counters);
s64 counter_read(enum node_stat_item item);

/* about.c: the kernel's struct page, as text and by the names of its fields. */
int about_print(char *text, size_t size);
long about_place(const char *name);

/* release_fast.c: whether this kernel's struct page is one that the library knows. */
const char *fast_refused_field(void);

#endif /* PAGEDIFF_H */
