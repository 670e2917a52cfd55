// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A record is canonical if decoding it and encoding the result gives the same bytes:
 * that is how it is checked, so that each rule of the format stands here once for
 * reading and once for writing.
 */
#include "decode.h"

#define ORDERS			11
#define STEPS			3
#define FUNCTION_MASK		3

#define FOLIO_FILE		(1 << 0)
#define FOLIO_DIRTY		(1 << 1)
#define FOLIO_LOCKED		(1 << 2)
#define FOLIO_ANCHOR_SHIFT	6
#define FOLIO_REPEAT_MASK	0xff
#define FOLIO_SMALL_REPEAT_MASK	0xf
#define FOLIO_OFFSET_MASK	0xff
#define FOLIO_SOURCE_MASK	0xff
#define FOLIO_BELOW_ZERO	0xff00
#define HUGETLB_ORDER		9

#define GAP_FRAMES_MASK		0x3ff

#define ENTRIES_UNBACKED	(1 << 0)
#define ENTRIES_ALSO		(1 << 1)
#define AGAIN_PINNED		(1 << 1)
#define STEP_UP			0
#define STEP_SAME		1
#define STEP_DOWN		2

#define MAX_CALL_ERRNO		255

#define LENGTH_MASK		0xfff
#define SMALL_LENGTH_MASK	0x3f

/* Both bits: the number is one that the small mask has no room for. */
#define LARGE			(3 << 4)

/* <stdint.h>'s names for these are not the kernel's. */
#define OFFSET_MIN		(-128)
#define OFFSET_MAX		127
#define REFS_MAX		0x7fffffff

static const int32_t anchors[] = { 0, 1, 1024, REFS_MAX };

#define ANCHORS			(sizeof(anchors) / sizeof(anchors[0]))

/* The fields of any record, as they stand in its bytes. */
struct raw_record {
	uint8_t type;
	uint8_t n;
	uint8_t flags;
	uint16_t a;
	uint16_t b;
	uint16_t c;
};

static uint16_t read_u16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static struct raw_record read_record(const uint8_t *bytes)
{
	struct raw_record raw = {
		.type = bytes[0] >> 4,
		.n = bytes[0] & 0xf,
		.flags = bytes[1],
		.a = read_u16(bytes + 2),
		.b = read_u16(bytes + 4),
		.c = read_u16(bytes + 6),
	};

	return raw;
}

static bool same(const struct raw_record *x, const struct raw_record *y)
{
	return x->type == y->type && x->n == y->n && x->flags == y->flags &&
	       x->a == y->a && x->b == y->b && x->c == y->c;
}

/*
 * Numbers of whole ranges are small unless both bits of LARGE are set, so that bytes
 * that are drawn at random make small worlds.
 */
static uint16_t decode_size(const struct raw_record *raw, uint16_t size,
			    uint16_t small_mask, uint16_t mask)
{
	return size & ((raw->flags & LARGE) == LARGE ? mask : small_mask);
}

static uint8_t encode_size(uint16_t size, uint16_t small_mask)
{
	return size > small_mask ? LARGE : 0;
}

/* 64 bits wide: anchor plus offset may lie on either side of what refs can be. */
static int32_t decode_refs(unsigned int anchor, uint16_t offset, bool below_zero)
{
	int64_t refs = (int64_t)anchors[anchor] + (int8_t)(offset & FOLIO_OFFSET_MASK);

	if (refs < 0 && !below_zero)
		return 0;
	if (refs > REFS_MAX)
		return REFS_MAX;
	return (int32_t)refs;
}

static void encode_refs(int32_t refs, struct raw_record *raw)
{
	unsigned int i;

	for (i = 0; i < ANCHORS; i++) {
		int64_t offset = (int64_t)refs - anchors[i];

		if (offset >= OFFSET_MIN && offset <= OFFSET_MAX) {
			raw->flags |= (uint8_t)(i << FOLIO_ANCHOR_SHIFT);
			raw->b = (uint16_t)(offset & FOLIO_OFFSET_MASK);
			return;
		}
	}
}

/* All numbers that name no mapping are the kernel, so that few random bytes name one. */
static uint8_t decode_source(uint16_t c)
{
	uint8_t source = c & FOLIO_SOURCE_MASK;

	return source <= CASE_FROM_HUGE_ZERO ? source : CASE_FROM_KERNEL;
}

/* A mapping has pages of one kind only, some of one order, and there is one zero page of each. */
static void decode_folio(const struct raw_record *raw, struct case_record *record)
{
	record->order = raw->n % ORDERS;
	record->file = !!(raw->flags & FOLIO_FILE);
	record->dirty = !!(raw->flags & FOLIO_DIRTY);
	record->locked = !!(raw->flags & FOLIO_LOCKED);
	record->repeat = decode_size(raw, raw->a, FOLIO_SMALL_REPEAT_MASK,
				     FOLIO_REPEAT_MASK) + 1;
	record->refs = decode_refs(raw->flags >> FOLIO_ANCHOR_SHIFT, raw->b,
				   (raw->c & FOLIO_BELOW_ZERO) == FOLIO_BELOW_ZERO);
	record->from = decode_source(raw->c);
	if (record->from != CASE_FROM_KERNEL)
		record->file = record->from == CASE_FROM_FILE;
	if (record->from == CASE_FROM_HUGETLB || record->from == CASE_FROM_HUGE_ZERO)
		record->order = HUGETLB_ORDER;
	if (record->from == CASE_FROM_ZERO)
		record->order = 0;
	if (record->from == CASE_FROM_ZERO || record->from == CASE_FROM_HUGE_ZERO)
		record->repeat = 1;
}

static void encode_folio(const struct case_record *record, struct raw_record *raw)
{
	raw->n = record->order;
	raw->flags = (record->file ? FOLIO_FILE : 0) |
		     (record->dirty ? FOLIO_DIRTY : 0) |
		     (record->locked ? FOLIO_LOCKED : 0);
	raw->a = record->repeat - 1;
	raw->flags |= encode_size(raw->a, FOLIO_SMALL_REPEAT_MASK);
	encode_refs(record->refs, raw);
	raw->c = record->from | (record->refs < 0 ? FOLIO_BELOW_ZERO : 0);
}

static int8_t decode_step(uint8_t n)
{
	switch (n % STEPS) {
	case STEP_SAME:
		return 0;
	case STEP_DOWN:
		return -1;
	default:
		return 1;
	}
}

static uint8_t encode_step(int8_t step)
{
	if (step == 0)
		return STEP_SAME;
	return step < 0 ? STEP_DOWN : STEP_UP;
}

/* A range too short to have a direction, or a start, gets the ones that are zero. */
static void decode_entries(const struct raw_record *raw, struct case_record *record)
{
	record->also = !!(raw->flags & ENTRIES_ALSO);
	record->length = decode_size(raw, raw->b, SMALL_LENGTH_MASK, LENGTH_MASK);
	if (raw->type == CASE_NULLS) {
		record->backing = CASE_NULL;
		record->step = record->length > 1 ? 0 : 1;
		return;
	}
	record->backing = raw->type == CASE_PINS ? CASE_PINNED : CASE_GOT;
	if (raw->flags & ENTRIES_UNBACKED)
		record->backing = CASE_UNBACKED;
	record->first = record->length > 0 ? raw->a : 0;
	record->step = record->length > 1 ? decode_step(raw->n) : 1;
}

static void encode_entries(const struct case_record *record, struct raw_record *raw)
{
	if (record->type != CASE_NULLS) {
		raw->n = encode_step(record->step);
		raw->type = record->backing == CASE_PINNED ? CASE_PINS : CASE_ENTRIES;
	}
	raw->flags = (record->backing == CASE_UNBACKED ? ENTRIES_UNBACKED : 0) |
		     (record->also ? ENTRIES_ALSO : 0) |
		     encode_size(record->length, SMALL_LENGTH_MASK);
	raw->a = record->first;
	raw->b = record->length;
}

static void decode_again(const struct raw_record *raw, struct case_record *record)
{
	record->backing = raw->flags & AGAIN_PINNED ? CASE_PINNED : CASE_GOT;
	if (raw->flags & ENTRIES_UNBACKED)
		record->backing = CASE_UNBACKED;
	record->first = raw->a;
	record->length = decode_size(raw, raw->b, SMALL_LENGTH_MASK, LENGTH_MASK);
}

static void encode_again(const struct case_record *record, struct raw_record *raw)
{
	raw->flags = (record->backing == CASE_UNBACKED ? ENTRIES_UNBACKED : 0) |
		     (record->backing == CASE_PINNED ? AGAIN_PINNED : 0) |
		     encode_size(record->length, SMALL_LENGTH_MASK);
	raw->a = record->first;
	raw->b = record->length;
}

static uint8_t decode_function(uint8_t n)
{
	return n < CASE_FUNCTIONS ? n : n & FUNCTION_MASK;
}

static void decode_call(const struct raw_record *raw, struct case_record *record)
{
	record->function = decode_function(raw->n);
	record->earlier = raw->a;
	record->first = raw->b;
	record->length = raw->c;
}

static void encode_call(const struct case_record *record, struct raw_record *raw)
{
	raw->n = record->function;
	raw->a = record->earlier;
	raw->b = record->first;
	raw->c = record->length;
}

/* False if the length is no negative of an errno. */
static bool decode_call_with_errno(const struct raw_record *raw, struct case_record *record)
{
	record->function = decode_function(raw->n);
	record->earlier = raw->a;
	record->length = (uint16_t)-raw->c;
	return record->length >= 1 && record->length <= MAX_CALL_ERRNO;
}

static void encode_call_with_errno(const struct case_record *record, struct raw_record *raw)
{
	raw->n = record->function;
	raw->a = record->earlier;
	raw->c = (uint16_t)-record->length;
}

/* False for a reserved record. */
static bool decode_record(const struct raw_record *raw, struct case_record *record)
{
	const struct case_record zero = { 0 };

	*record = zero;
	record->type = raw->type;
	switch (raw->type) {
	case CASE_FOLIO:
		decode_folio(raw, record);
		return true;
	case CASE_GAP:
		record->frames = raw->a & GAP_FRAMES_MASK;
		return true;
	case CASE_ENTRIES:
	case CASE_PINS:
		decode_entries(raw, record);
		return true;
	case CASE_AGAIN:
		decode_again(raw, record);
		return true;
	case CASE_CALL:
		decode_call(raw, record);
		return true;
	case CASE_ACQUIRE:
		record->earlier = raw->a;
		return true;
	case CASE_CLEAN:
		record->first = raw->a;
		record->length = raw->b & LENGTH_MASK;
		return true;
	case CASE_LONG:
		return raw->n == 0;
	case CASE_NULLS:
		decode_entries(raw, record);
		return raw->n == 0;
	case CASE_CALL_WITH_ERRNO:
		return decode_call_with_errno(raw, record);
	default:
		return false;
	}
}

static struct raw_record encode_record(const struct case_record *record)
{
	struct raw_record raw = { .type = record->type };

	switch (record->type) {
	case CASE_FOLIO:
		encode_folio(record, &raw);
		break;
	case CASE_GAP:
		raw.a = record->frames;
		break;
	case CASE_ENTRIES:
	case CASE_PINS:
	case CASE_NULLS:
		encode_entries(record, &raw);
		break;
	case CASE_AGAIN:
		encode_again(record, &raw);
		break;
	case CASE_CALL:
		encode_call(record, &raw);
		break;
	case CASE_CALL_WITH_ERRNO:
		encode_call_with_errno(record, &raw);
		break;
	case CASE_ACQUIRE:
		raw.a = record->earlier;
		break;
	case CASE_CLEAN:
		raw.a = record->first;
		raw.b = record->length;
		break;
	}
	return raw;
}

static enum case_error decode_one(const uint8_t *bytes, struct case_record *record)
{
	struct raw_record raw = read_record(bytes);
	struct raw_record canonical;

	if (!decode_record(&raw, record))
		return CASE_RESERVED_TYPE;
	canonical = encode_record(record);
	return same(&raw, &canonical) ? CASE_OK : CASE_NOT_CANONICAL;
}

enum case_error case_decode(const uint8_t *bytes, size_t len,
			    struct case_record *records, size_t max,
			    size_t *count, size_t *bad)
{
	enum case_error error = CASE_OK;
	size_t i;

	for (i = 0; len > 0; i++) {
		if (len < CASE_RECORD_BYTES)
			error = CASE_NOT_WHOLE;
		else if (i == max)
			error = CASE_TOO_MANY;
		else
			error = decode_one(bytes, &records[i]);
		if (error != CASE_OK) {
			*bad = i;
			break;
		}
		bytes += CASE_RECORD_BYTES;
		len -= CASE_RECORD_BYTES;
	}
	*count = i;
	return error;
}
