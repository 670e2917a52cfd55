// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the release path is measured against, on the same pages: the loop of the patch
 * (per_entry), batching as the kernel has it since 5.13 (per_run), and the locked
 * operations alone that nobody can do without (limit). Marking does to a page without a
 * mapping what set_page_dirty() and set_page_dirty_lock() do.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PG_LOCKED	(1ul << 0)
#define PG_DIRTY	(1ul << 3)

/* struct page of 64-bit Linux 6.1: what is read here. */
struct page {
	unsigned long flags;
	uintptr_t compound_head;
	unsigned long other[4];
	int32_t mapcount;
	int32_t refcount;
	unsigned long memcg_data;
};

_Static_assert(sizeof(struct page) == 64, "a cache line");
_Static_assert(offsetof(struct page, refcount) == 52, "as in Linux 6.1");

enum mark { NO_MARK, MARK, MARK_LOCKED };

/* A run that is known: what limit is told. */
struct run {
	struct page *head;
	int32_t references;
};

static inline struct page *compound_head(struct page *page)
{
	uintptr_t head = __atomic_load_n(&page->compound_head, __ATOMIC_RELAXED);

	return head & 1 ? (struct page *)(head - 1) : page;
}

/* Frees nothing: no measured page runs out of references. */
static inline void sub_references(struct page *head, int32_t references)
{
	if (__builtin_expect(__atomic_sub_fetch(&head->refcount, references,
						__ATOMIC_ACQ_REL) == 0, 0))
		__builtin_trap();
}

static inline bool is_dirty(struct page *head)
{
	return __atomic_load_n(&head->flags, __ATOMIC_RELAXED) & PG_DIRTY;
}

static inline void set_dirty(struct page *head)
{
	__atomic_fetch_or(&head->flags, PG_DIRTY, __ATOMIC_ACQ_REL);
}

static inline void lock(struct page *head)
{
	while (__atomic_fetch_or(&head->flags, PG_LOCKED, __ATOMIC_ACQUIRE) & PG_LOCKED)
		;
}

static inline void unlock(struct page *head)
{
	__atomic_fetch_and(&head->flags, ~PG_LOCKED, __ATOMIC_RELEASE);
}

static inline void mark_page(struct page *head, enum mark mark)
{
	if (mark == NO_MARK || is_dirty(head))
		return;
	if (mark == MARK_LOCKED)
		lock(head);
	set_dirty(head);
	if (mark == MARK_LOCKED)
		unlock(head);
}

static inline void per_entry(struct page **pages, size_t npages, enum mark mark)
{
	size_t i;

	for (i = 0; i < npages; i++) {
		struct page *head = compound_head(pages[i]);

		mark_page(head, mark);
		sub_references(head, 1);
	}
}

static inline void per_run(struct page **pages, size_t npages, enum mark mark)
{
	size_t i, run;

	for (i = 0; i < npages; i += run) {
		struct page *head = compound_head(pages[i]);

		for (run = 1; i + run < npages; run++)
			if (compound_head(pages[i + run]) != head)
				break;
		mark_page(head, mark);
		sub_references(head, (int32_t)run);
	}
}

/* Reads the array, and makes of each run the locked operations that it needs. */
static inline void limit(struct page **pages, size_t npages, const struct run *runs,
			 enum mark mark)
{
	size_t i, next = 0, end = 0;
	uintptr_t sum = 0;

	for (i = 0; i < npages; i++) {
		sum += (uintptr_t)pages[i];
		if (i < end)
			continue;
		/* The lock is taken and the page marked in one, then it is given back. */
		if (mark != NO_MARK && !is_dirty(runs[next].head)) {
			set_dirty(runs[next].head);
			if (mark == MARK_LOCKED)
				unlock(runs[next].head);
		}
		sub_references(runs[next].head, runs[next].references);
		end += (size_t)runs[next++].references;
	}
	__asm__ volatile("" : : "r"(sum));
}

#define PEERS(name, mark)								\
	void per_entry_##name(struct page **pages, size_t npages)			\
	{										\
		per_entry(pages, npages, mark);						\
	}										\
	void per_run_##name(struct page **pages, size_t npages)				\
	{										\
		per_run(pages, npages, mark);						\
	}										\
	void limit_##name(struct page **pages, size_t npages, const struct run *runs)	\
	{										\
		limit(pages, npages, runs, mark);					\
	}

/* put_user_page() for each: a locked operation each. */
void limit_one(struct page **pages, size_t npages, const struct run *runs)
{
	size_t i, next = 0, end = (size_t)runs[0].references;

	for (i = 0; i < npages; i++) {
		__asm__ volatile("" : : "r"(pages[i]));
		if (i == end)
			end += (size_t)runs[++next].references;
		sub_references(runs[next].head, 1);
	}
}

PEERS(put, NO_MARK)
PEERS(dirty, MARK)
PEERS(dirty_lock, MARK_LOCKED)
