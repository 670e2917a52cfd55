/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The world that a case describes (docs/case-format.md), with every number resolved, for
 * programs and for kernel modules: wrap-around and limits are dealt with here.
 */
#ifndef PUT_USER_PAGE_WORLD_H
#define PUT_USER_PAGE_WORLD_H

#include "decode.h"

#define CASE_MAX_RECORDS	1024	/* folio and gap; and as many others */
#define CASE_MAX_FRAMES		8192
#define CASE_MAX_ENTRIES	4096	/* of one array, unless it may be long */
#define CASE_MAX_ARRAYS		64
#define CASE_MAX_TOTAL_ENTRIES	16384	/* also releases, and references taken */
#define CASE_MAX_LONG_ENTRIES	81920	/* in place of both after a long record */
#define CASE_MAX_STEPS		(CASE_MAX_RECORDS + 1)	/* owners drop theirs, too */

#define CASE_NO_ARRAY		0xffff

/* A compound page as it is at the start. */
struct case_folio {
	uint16_t frame;		/* of the head page */
	uint16_t page;		/* number of the head page, gaps not counted */
	uint16_t pages;		/* 1 << order */
	uint16_t record;	/* index among the folio records */
	uint8_t order;
	uint8_t from;		/* enum case_source */
	uint8_t file;		/* 1 if of a file, 0 if anonymous */
	uint8_t dirty;
	uint8_t locked;
	uint8_t padding[3];	/* zero */
	uint32_t backed;	/* how many references its backed entries take at most */
	int32_t refs;		/* without the owner's and those that entries take; may be below 0 */
};

/* A page, by its number. */
struct case_page {
	uint16_t frame;
	uint16_t folio;		/* index of its compound page */
};

/* One slot of an array. */
struct case_entry {
	uint16_t frame;
	uint16_t folio;		/* index of its page's compound page; of a NULL, nothing */
	uint8_t backing;	/* enum case_backing */
	uint8_t padding;	/* zero */
};

/* Where an array lies in the entries, as its records wrote it. */
struct case_array {
	uint32_t start;
	uint32_t end;
};

enum case_step_kind {
	CASE_STEP_FILL = 0,	/* first to end: entries of the array */
	CASE_STEP_ACQUIRE = 1,	/* the array, as far as it goes */
	CASE_STEP_DROP_OWNERS = 2,
	CASE_STEP_CALL = 3,	/* first to end: entries of the array, as far as it goes */
	CASE_STEP_CLEAN = 4,	/* first to end: folios */
	CASE_STEP_CALL_WITH_ERRNO = 5,	/* first: the errno, without its sign */
};

/* A statement of the program. What a kind does not name is zero for that kind. */
struct case_step {
	uint8_t kind;		/* enum case_step_kind */
	uint8_t function;	/* calls: enum case_function */
	uint16_t array;		/* fill, acquire, calls: index, or CASE_NO_ARRAY for a call */
	uint32_t first;
	uint32_t end;		/* the one after the last */
};

/*
 * Some 700 KiB: for the caller to allocate once and build again for each case. What lies
 * beyond a count is left from before.
 */
struct case_world {
	uint32_t nr_frames;	/* of the memory map, which ends with the last page */
	uint32_t nr_folios;
	uint32_t nr_pages;
	uint32_t nr_entries;
	uint32_t nr_arrays;
	uint32_t nr_steps;
	uint32_t references;	/* asked for by the program, in all */
	uint32_t releases;	/* asked for by the program, in all */
	uint32_t owners_dropped;	/* only while building: 1 after the step */
	uint32_t singles;	/* only while building: a bit for each source placed that is single */
	uint32_t is_long;	/* only while building: 1 after a long record */
	struct case_folio folios[CASE_MAX_FRAMES];
	struct case_page pages[CASE_MAX_FRAMES];
	struct case_entry entries[CASE_MAX_LONG_ENTRIES];
	struct case_array arrays[CASE_MAX_ARRAYS];
	struct case_step steps[CASE_MAX_STEPS];
};

_Static_assert(sizeof(struct case_folio) == 24 && sizeof(struct case_page) == 4 &&
	       sizeof(struct case_entry) == 6 && sizeof(struct case_array) == 8 &&
	       sizeof(struct case_step) == 12, "a part of a world has implicit padding");
_Static_assert(sizeof(struct case_world) ==
	       11 * 4 + CASE_MAX_FRAMES * (24 + 4) + CASE_MAX_LONG_ENTRIES * 6 +
	       CASE_MAX_ARRAYS * 8 + CASE_MAX_STEPS * 12,
	       "struct case_world has implicit padding");

/*
 * Makes *world the world of these records, whatever it was before. The records are as
 * case_decode() or case_records_with_orders() leave them.
 */
void case_world_build(struct case_world *world, const struct case_record *records,
		      size_t count);

/*
 * Gives the records, which *world was built from, the orders that a kernel chose for pages
 * of a user's mapping: one order for each folio record with such pages, in their order. A
 * record whose order is not smaller then, or for which there is none, keeps its own.
 *
 * Every page keeps its number, though maybe not its frame. Every repeat becomes how many
 * were placed, 0 to CASE_MAX_FRAMES, so that no page gets a place that had none.
 */
void case_records_with_orders(const struct case_world *world, struct case_record *records,
			      size_t count, const uint8_t *orders, size_t nr_orders);

#endif /* PUT_USER_PAGE_WORLD_H */
