// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Costs what the case costs, not what the largest case would: nothing is cleared that is
 * not used.
 */
#include "world.h"

#define REFS_MAX	0x7fffffff
#define PIN_REFERENCES	1024	/* GUP_PIN_COUNTING_BIAS */

/* min() is the kernel's only. */
static unsigned int least(unsigned int x, unsigned int y)
{
	return x < y ? x : y;
}

static bool is_of_world(const struct case_record *record)
{
	return record->type == CASE_FOLIO || record->type == CASE_GAP;
}

static void add_pages(struct case_world *world, unsigned int frame, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct case_page *page = &world->pages[world->nr_pages++];

		page->frame = (uint16_t)(frame + i);
		page->folio = (uint16_t)world->nr_folios;
	}
}

/* Where the pages come from: a second zero page is one that the kernel allocates. */
static uint8_t source_of(struct case_world *world, const struct case_record *record)
{
	uint32_t bit = 1u << record->from;

	if (record->from != CASE_FROM_ZERO && record->from != CASE_FROM_HUGE_ZERO)
		return record->from;
	if (world->singles & bit)
		return CASE_FROM_KERNEL;
	world->singles |= bit;
	return record->from;
}

/*
 * Places a compound page at the next frame that is aligned for it. False if it would end
 * beyond the last frame.
 */
static bool add_folio(struct case_world *world, const struct case_record *record,
		      unsigned int number, unsigned int *next_frame)
{
	unsigned int pages = 1u << record->order;
	unsigned int frame = (*next_frame + pages - 1) & ~(pages - 1);
	struct case_folio folio = {
		.frame = (uint16_t)frame,
		.page = (uint16_t)world->nr_pages,
		.pages = (uint16_t)pages,
		.record = (uint16_t)number,
		.order = record->order,
		.file = record->file,
		.dirty = record->dirty,
		.locked = record->locked,
		.refs = record->refs,
	};

	if (frame + pages > CASE_MAX_FRAMES)
		return false;
	folio.from = source_of(world, record);
	/* The holder of a page lock has a reference, and so has a mapping. */
	if ((folio.locked || folio.from != CASE_FROM_KERNEL) && folio.refs < 1)
		folio.refs = 1;
	add_pages(world, frame, pages);
	world->folios[world->nr_folios++] = folio;
	*next_frame = frame + pages;
	world->nr_frames = *next_frame;
	return true;
}

static void add_folios(struct case_world *world, const struct case_record *record,
		       unsigned int number, unsigned int *next_frame)
{
	unsigned int i;

	for (i = 0; i < record->repeat; i++)
		if (!add_folio(world, record, number, next_frame))
			return;
}

static void build_layout(struct case_world *world, const struct case_record *records,
			 size_t count)
{
	unsigned int counted = 0, folio_records = 0, next_frame = 0;
	size_t i;

	for (i = 0; i < count && counted < CASE_MAX_RECORDS; i++) {
		if (!is_of_world(&records[i]))
			continue;
		counted++;
		if (records[i].type == CASE_GAP)
			next_frame = least(next_frame + records[i].frames, CASE_MAX_FRAMES);
		else
			add_folios(world, &records[i], folio_records++, &next_frame);
	}
}

static void push_step(struct case_world *world, struct case_step step)
{
	world->steps[world->nr_steps++] = step;
}

/* The array that is so many before the latest, modulo how many. */
static unsigned int array_before(const struct case_world *world, uint16_t earlier)
{
	if (world->nr_arrays == 0)
		return CASE_NO_ARRAY;
	return world->nr_arrays - 1 - earlier % world->nr_arrays;
}

static unsigned int array_length(const struct case_world *world, unsigned int array)
{
	if (array == CASE_NO_ARRAY)
		return 0;
	return world->arrays[array].end - world->arrays[array].start;
}

/* Entries that an array may have here. */
static unsigned int max_entries(const struct case_world *world)
{
	return world->is_long ? CASE_MAX_LONG_ENTRIES : CASE_MAX_ENTRIES;
}

/* Entries that all arrays may have here; also references and releases asked for. */
static unsigned int max_total_entries(const struct case_world *world)
{
	return world->is_long ? CASE_MAX_LONG_ENTRIES : CASE_MAX_TOTAL_ENTRIES;
}

/* How many entries may be added to the current array: each counts as a reference. */
static unsigned int room(const struct case_world *world)
{
	unsigned int current = array_length(world, array_before(world, 0));

	return least(max_entries(world) - current,
		     max_total_entries(world) - world->references);
}

/*
 * How many references an entry takes of its page at most: a page of two pages was a small one
 * for pins before 5.18.
 */
static unsigned int most_references(uint8_t backing, unsigned int pages)
{
	if (backing == CASE_UNBACKED || backing == CASE_NULL)
		return 0;
	return backing == CASE_PINNED && pages <= 2 ? PIN_REFERENCES : 1;
}

static bool is_null(const struct case_entry *entry)
{
	return entry->backing == CASE_NULL;
}

static void push_entry(struct case_world *world, const struct case_page *page,
		       uint8_t backing)
{
	struct case_entry *entry = &world->entries[world->nr_entries++];
	struct case_folio *folio = &world->folios[page->folio];

	entry->frame = page->frame;
	entry->folio = page->folio;
	entry->backing = backing;
	entry->padding = 0;
	folio->backed += most_references(backing, folio->pages);
}

/* Makes the entries from before on part of the current array. */
static void fill_added(struct case_world *world, unsigned int before)
{
	unsigned int number = world->nr_arrays - 1;
	struct case_array *array = &world->arrays[number];
	struct case_step step = {
		.kind = CASE_STEP_FILL,
		.array = (uint16_t)number,
		.first = before - array->start,
		.end = world->nr_entries - array->start,
	};

	array->end = world->nr_entries;
	world->references += world->nr_entries - before;
	push_step(world, step);
}

/* False if there are as many arrays as there can be. */
static bool add_array(struct case_world *world)
{
	struct case_array *array = &world->arrays[world->nr_arrays];

	if (world->nr_arrays == CASE_MAX_ARRAYS)
		return false;
	array->start = world->nr_entries;
	array->end = array->start;
	world->nr_arrays++;
	return true;
}

static void add_entries(struct case_world *world, const struct case_record *record)
{
	unsigned int before = world->nr_entries;
	unsigned int page, length, i;

	if ((!record->also || world->nr_arrays == 0) && !add_array(world))
		return;
	length = world->nr_pages > 0 ? least(record->length, room(world)) : 0;
	page = world->nr_pages > 0 ? record->first % world->nr_pages : 0;
	for (i = 0; i < length; i++) {
		push_entry(world, &world->pages[page], record->backing);
		/* A range that runs off either end of the world goes on at the other. */
		if (record->step > 0)
			page = page + 1 < world->nr_pages ? page + 1 : 0;
		else if (record->step < 0)
			page = (page > 0 ? page : world->nr_pages) - 1;
	}
	fill_added(world, before);
}

static void add_again(struct case_world *world, const struct case_record *record)
{
	unsigned int current = array_before(world, 0);
	unsigned int before = world->nr_entries;
	unsigned int start, length, i;

	if (array_length(world, current) == 0)
		return;
	start = record->first % array_length(world, current);
	length = least(record->length, array_length(world, current) - start);
	length = least(length, room(world));
	start += world->arrays[current].start;
	for (i = start; i < start + length; i++) {
		const struct case_page page = {
			.frame = world->entries[i].frame,
			.folio = world->entries[i].folio,
		};

		push_entry(world, &page,
			   is_null(&world->entries[i]) ? CASE_NULL : record->backing);
	}
	fill_added(world, before);
}

/* Owners drop their references here, unless they did before. */
static void drop_owners(struct case_world *world)
{
	const struct case_step step = { .kind = CASE_STEP_DROP_OWNERS };

	if (world->owners_dropped)
		return;
	world->owners_dropped = 1;
	push_step(world, step);
}

/* How many entries at the start name pages at one frame after the other. */
static unsigned int side_by_side(const struct case_entry *entries, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (is_null(&entries[i]) || entries[i].frame != entries[0].frame + i)
			break;
	return i;
}

static void add_call(struct case_world *world, const struct case_record *record)
{
	unsigned int array = array_before(world, record->earlier);
	unsigned int all = array_length(world, array);
	unsigned int first = all > 0 ? record->first % all : 0;
	unsigned int length = all - first;
	struct case_step step = {
		.kind = CASE_STEP_CALL,
		.function = record->function,
		.array = (uint16_t)array,
		.first = first,
	};

	drop_owners(world);
	if (record->length > 0)
		length = least(length, record->length);
	length = least(length, max_total_entries(world) - world->releases);
	if (length > 0 && case_takes_range(record->function)) {
		unsigned int start = world->arrays[array].start + first;

		length = side_by_side(&world->entries[start], length);
	}
	world->releases += length;
	step.end = first + length;
	push_step(world, step);
}

static void add_call_with_errno(struct case_world *world, const struct case_record *record)
{
	const struct case_step step = {
		.kind = CASE_STEP_CALL_WITH_ERRNO,
		.function = record->function,
		.array = (uint16_t)array_before(world, record->earlier),
		.first = record->length,
	};

	drop_owners(world);
	push_step(world, step);
}

/* An array whose references would be too many in all is left as it is. */
static void add_acquire(struct case_world *world, const struct case_record *record)
{
	unsigned int array = array_before(world, record->earlier);
	unsigned int length = array_length(world, array);
	const struct case_step step = {
		.kind = CASE_STEP_ACQUIRE,
		.array = (uint16_t)array,
	};

	if (array == CASE_NO_ARRAY || world->references + length > max_total_entries(world))
		return;
	world->references += length;
	push_step(world, step);
}

static void add_clean(struct case_world *world, const struct case_record *record)
{
	struct case_step step = { .kind = CASE_STEP_CLEAN };
	unsigned int first, last;

	if (world->nr_pages == 0 || record->length == 0)
		return;
	first = record->first % world->nr_pages;
	last = least(first + record->length, world->nr_pages) - 1;
	step.first = world->pages[first].folio;
	step.end = world->pages[last].folio + 1;
	push_step(world, step);
}

static void add_statement(struct case_world *world, const struct case_record *record)
{
	switch (record->type) {
	case CASE_ENTRIES:
	case CASE_PINS:
	case CASE_NULLS:
		add_entries(world, record);
		break;
	case CASE_AGAIN:
		add_again(world, record);
		break;
	case CASE_CALL:
		add_call(world, record);
		break;
	case CASE_CALL_WITH_ERRNO:
		add_call_with_errno(world, record);
		break;
	case CASE_ACQUIRE:
		add_acquire(world, record);
		break;
	case CASE_CLEAN:
		add_clean(world, record);
		break;
	case CASE_LONG:
		world->is_long = 1;
		break;
	}
}

static void build_program(struct case_world *world, const struct case_record *records,
			  size_t count)
{
	unsigned int counted = 0;
	size_t i;

	for (i = 0; i < count && counted < CASE_MAX_RECORDS; i++) {
		if (is_of_world(&records[i]))
			continue;
		counted++;
		add_statement(world, &records[i]);
	}
	drop_owners(world);
}

/* So that refs, the owner's reference and those of backed entries fit below REFS_MAX. */
static void lower_refs(struct case_world *world)
{
	unsigned int i;

	for (i = 0; i < world->nr_folios; i++) {
		struct case_folio *folio = &world->folios[i];
		int32_t most = REFS_MAX - 1 - (int32_t)folio->backed;

		if (folio->refs > most)
			folio->refs = most;
	}
}

void case_world_build(struct case_world *world, const struct case_record *records,
		      size_t count)
{
	world->nr_frames = 0;
	world->nr_folios = 0;
	world->nr_pages = 0;
	world->nr_entries = 0;
	world->nr_arrays = 0;
	world->nr_steps = 0;
	world->references = 0;
	world->releases = 0;
	world->owners_dropped = 0;
	world->singles = 0;
	world->is_long = 0;
	build_layout(world, records, count);
	build_program(world, records, count);
	lower_refs(world);
}

/* How many pages the folio record has placed, the first of which is not before *folio. */
static unsigned int placed_pages(const struct case_world *world, unsigned int number,
				 unsigned int *folio)
{
	unsigned int pages = 0;

	for (; *folio < world->nr_folios; (*folio)++) {
		if (world->folios[*folio].record != number)
			break;
		pages += world->folios[*folio].pages;
	}
	return pages;
}

void case_records_with_orders(const struct case_world *world, struct case_record *records,
			      size_t count, const uint8_t *orders, size_t nr_orders)
{
	unsigned int counted = 0, folio_records = 0, folio = 0, pages;
	size_t i, order = 0;

	for (i = 0; i < count && counted < CASE_MAX_RECORDS; i++) {
		struct case_record *record = &records[i];

		if (!is_of_world(record))
			continue;
		counted++;
		if (record->type != CASE_FOLIO)
			continue;
		pages = placed_pages(world, folio_records++, &folio);
		if (record->from != CASE_FROM_KERNEL && order < nr_orders)
			record->order = (uint8_t)least(record->order, orders[order++]);
		record->repeat = (uint16_t)(pages >> record->order);
	}
}
