/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * What the agent and the module say to each other, and the job and the answer that pass
 * through the agent. All numbers are little-endian, as the machine's are.
 */
#ifndef PAGEDIFF_UAPI_H
#define PAGEDIFF_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* User memory for the pages of one folio record that come from a user mapping. */
struct pagediff_region {
	__u64 address;
	__u8 source;		/* enum case_source */
	__u8 order;
	__u16 count;		/* compound pages of that order */
	__u32 error;		/* why it is not mapped, an errno; else 0 */
};

struct pagediff_run {
	__u64 job;		/* struct pagediff_job, then the case's canonical bytes */
	__u32 job_len;
	__u32 nr_regions;
	__u64 regions;		/* struct pagediff_region[] */
	__u64 answer;		/* struct pagediff_answer, then its arrays */
	__u32 answer_max;
	__u32 answer_len;	/* out */
	__u32 spoilt;		/* out: the regions' pages are for no other job */
	__u32 padding;
};

#define PAGEDIFF_RUN	_IOWR('P', 1, struct pagediff_run)

/* Which code releases references; pins too, or the kernel's own functions do. */
enum pagediff_api {
	PAGEDIFF_PATCH,		/* the functions as the patch of 2018 defines them */
	PAGEDIFF_RELEASE_PAGES,	/* release_pages() */
	PAGEDIFF_FAST,		/* the library of src/, which releases pins, too */
	PAGEDIFF_CANDIDATE,	/* what a module of its own has brought */
	PAGEDIFF_APIS,
};

/* Flags of a job. */
#define PAGEDIFF_FREE	1	/* hold no reference of our own: pages really go */
#define PAGEDIFF_UNDEFINED	2	/* run it even if it over-releases */

struct pagediff_job {
	__u8 api;
	__u8 flags;
	__u16 padding;
	__u32 steps;		/* of the program, how many are run */
};

enum pagediff_status {
	PAGEDIFF_RAN,
	PAGEDIFF_NO_MEMORY,	/* skipped: no compound page of that order to be had */
	PAGEDIFF_MIXED_ORDERS,	/* skipped: the kernel mixed orders in one user mapping */
	PAGEDIFF_NO_USER_PAGES,	/* skipped: the user mapping gave no pages */
	PAGEDIFF_NEEDS_LOCK,	/* skipped: marks a real file's page without its lock */
	PAGEDIFF_OVER_RELEASES,	/* skipped: with the orders that the kernel chose, it does */
	PAGEDIFF_LACKS,		/* skipped: the kernel has no function that it calls */
	PAGEDIFF_NO_ROOM,	/* skipped: a count has no room for our own reference */
	PAGEDIFF_DEVICE_PAGE,	/* skipped: a page is of ZONE_DEVICE */
	PAGEDIFF_HUGE_ZERO,	/* skipped: the kernel's own huge zero page */
};

/* The arrays follow in the order of their counts. */
struct pagediff_answer {
	__u32 status;		/* the arrays are empty unless it ran */
	__u32 orders;		/* __u8 each: the order of each record of user pages */
	__u32 folios;
	__u32 events;
	__u32 acquired;		/* __u32 each */
	__u32 strays;
	__u32 imbalances;
	__u32 error;		/* why there are no user pages, an errno; else 0 */
	__u32 pinned;
	__u32 stops;
	__s64 pins_acquired;	/* that the node counted */
	__s64 pins_released;
};

enum pagediff_state {
	PAGEDIFF_STATE_FREE,
	PAGEDIFF_STATE_LIVE,
	PAGEDIFF_STATE_FREED,
};

struct pagediff_folio {
	__u8 state;
	__u8 dirty;
	__u8 locked;
	__u8 pinned;		/* folio_maybe_dma_pinned() */
	__s32 refcount;
	__s32 pincount;
	__s32 dirty_count;	/* compound pages, as the file's account has them */
	__s32 dirty_tags;
};

enum pagediff_event_kind {
	PAGEDIFF_WAIT,
	PAGEDIFF_LOCK,
	PAGEDIFF_UNLOCK,	/* not seen here */
	PAGEDIFF_DIRTY,
	PAGEDIFF_FREED,
};

/* Stands for a refcount that is not seen. */
#define PAGEDIFF_UNSEEN	(-2147483647 - 1)

struct pagediff_event {
	__u16 frame;
	__u8 kind;
	__u8 padding;
	__s32 refcount;		/* or PAGEDIFF_UNSEEN */
	__u32 call;
};

/* A word of a struct page that changed and should not have. */
struct pagediff_stray {
	__u32 frame;
	__u32 word;		/* of 8 bytes */
	__u64 expected;
	__u64 found;
};

/* A folio that may be pinned after a call. */
struct pagediff_pinned {
	__u32 call;
	__u32 folio;		/* its number */
};

/* The entry that stopped a call, which only the library tells. */
struct pagediff_stop {
	__u32 call;
	__u32 entry;
};

enum pagediff_balance {
	PAGEDIFF_FILE_DIRTY,	/* the node's NR_FILE_DIRTY, and dirty pages of files */
	PAGEDIFF_TIMES_FREED,	/* of a folio */
	PAGEDIFF_LACKING,	/* of a folio: references or pins that a call was to drop */
	PAGEDIFF_LOCKS_KEPT,	/* of a folio: page locks that a call returned with */
	PAGEDIFF_LOST_EVENTS,	/* events that there was no room for */
};

struct pagediff_imbalance {
	__u32 balance;
	__u32 folio;		/* its number; ~0 for the node's */
	__s64 expected;
	__s64 found;
};

#endif /* PAGEDIFF_UAPI_H */
