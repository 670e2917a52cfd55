/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The case format (docs/case-format.md) in C, for programs and for kernel modules.
 *
 * Takes canonical bytes and refuses all others. world.h builds the world from the
 * records, with its wrap-around and its limits.
 */
#ifndef PUT_USER_PAGE_DECODE_H
#define PUT_USER_PAGE_DECODE_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

#define CASE_RECORD_BYTES	8

enum case_record_type {
	CASE_FOLIO = 0,
	CASE_GAP = 1,
	CASE_ENTRIES = 2,
	CASE_AGAIN = 3,
	CASE_CALL = 4,
	CASE_ACQUIRE = 5,
	CASE_CLEAN = 6,
	CASE_LONG = 7,
	CASE_PINS = 8,		/* entries that are pinned */
	CASE_NULLS = 9,		/* entries that are NULL */
	CASE_CALL_WITH_ERRNO = 10,	/* its negative in place of how many entries */
};

enum case_function {
	CASE_PUT_USER_PAGE = 0,
	CASE_PUT_USER_PAGES = 1,
	CASE_PUT_USER_PAGES_DIRTY = 2,
	CASE_PUT_USER_PAGES_DIRTY_LOCK = 3,
	CASE_UNPIN_USER_PAGE = 4,
	CASE_UNPIN_USER_PAGES = 5,
	CASE_UNPIN_USER_PAGES_DIRTY_LOCK = 6,		/* make_dirty */
	CASE_UNPIN_USER_PAGES_NOT_DIRTY_LOCK = 7,	/* the same function without */
	CASE_UNPIN_USER_PAGE_RANGE_DIRTY_LOCK = 8,	/* make_dirty */
	CASE_UNPIN_USER_PAGE_RANGE_NOT_DIRTY_LOCK = 9,	/* the same function without */
	CASE_UNPIN_FOLIO = 10,
	CASE_UNPIN_FOLIOS = 11,
	CASE_UNPIN_USER_FOLIO = 12,
	CASE_FUNCTIONS = 13,
};

/* Whether the function releases pins. */
static inline bool case_unpins(uint8_t function)
{
	return function >= CASE_UNPIN_USER_PAGE;
}

/* Whether the function takes pages that lie side by side, by the first of them. */
static inline bool case_takes_range(uint8_t function)
{
	return function == CASE_UNPIN_USER_PAGE_RANGE_DIRTY_LOCK ||
	       function == CASE_UNPIN_USER_PAGE_RANGE_NOT_DIRTY_LOCK;
}

/* How a page is held for an entry. */
enum case_backing {
	CASE_UNBACKED = 0,
	CASE_GOT = 1,		/* as get_user_pages() does */
	CASE_PINNED = 2,	/* as pin_user_pages() does */
	CASE_NULL = 3,		/* there is no page: the entry is NULL */
};

/* Where the pages of a folio record come from. */
enum case_source {
	CASE_FROM_KERNEL = 0,	/* allocated, mapped by nobody */
	CASE_FROM_ANON = 1,
	CASE_FROM_MEMFD = 2,
	CASE_FROM_HUGETLB = 3,
	CASE_FROM_FILE = 4,
	CASE_FROM_ZERO = 5,	/* the zero page: there is one */
	CASE_FROM_HUGE_ZERO = 6,
};

/* A record, normalised. A field that a type does not name is zero for that type. */
struct case_record {
	uint8_t type;		/* enum case_record_type */
	uint8_t order;		/* folio: 0 to 10 */
	uint8_t function;	/* calls: enum case_function */
	int8_t step;		/* entries, pins, nulls: 1 up, 0 same page, -1 down */
	uint8_t file;		/* folio: 1 if of a file, 0 if anonymous */
	uint8_t dirty;		/* folio */
	uint8_t locked;		/* folio */
	uint8_t backing;	/* entries, pins, nulls, again: enum case_backing */
	uint8_t also;		/* entries, pins, nulls: 1 if added to the current array */
	uint8_t from;		/* folio: enum case_source */
	uint16_t repeat;	/* folio: how many, 1 to 256 */
	uint16_t frames;	/* gap: 0 to 1023 */
	uint16_t first;		/* entries, pins, clean: page; again, call: entry */
	/* entries, pins, nulls, again, clean: 0 to 4095; call: any, 0 for all; the errno */
	uint16_t length;
	uint16_t earlier;	/* calls, acquire: the array, counted back */
	int32_t refs;		/* folio: below 0 after somebody's over-release */
};

/* No implicit padding: other languages can mirror it, and memcmp() can compare it. */
_Static_assert(sizeof(struct case_record) == 24,
	       "struct case_record has implicit padding");

enum case_error {
	CASE_OK = 0,
	CASE_NOT_WHOLE,		/* the last record is cut short */
	CASE_RESERVED_TYPE,
	CASE_NOT_CANONICAL,	/* encoding the record gives other bytes */
	CASE_TOO_MANY,		/* more than max records */
};

/*
 * Decodes len bytes into at most max records. *count says how many were decoded,
 * also when there is an error; then *bad is the index of the record that is wrong,
 * the first if there are several. *bad is left alone when all is well.
 */
enum case_error case_decode(const uint8_t *bytes, size_t len,
			    struct case_record *records, size_t max,
			    size_t *count, size_t *bad);

#endif /* PUT_USER_PAGE_DECODE_H */
