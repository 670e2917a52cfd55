// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What unpin_user_pages*() are measured against, on the same pages: batching with the rules of
 * kernel v5.13 and of v6.12. Nothing is freed, and the node's counters are left out.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PG_LOCKED	(1ul << 0)
#define PG_DIRTY	(1ul << 3)
#define PG_HEAD		(1ul << 16)
#define PIN		1024

/* struct page of 64-bit Linux 6.1: what is read here. */
struct page {
	unsigned long flags;
	uintptr_t compound_head;
	unsigned char dtor, order;
	unsigned char other[6];
	int32_t pincount;
	unsigned char rest[24];
	int32_t refcount;
	unsigned long memcg_data;
};

_Static_assert(sizeof(struct page) == 64, "a cache line");
_Static_assert(offsetof(struct page, pincount) == 24, "as in Linux 6.1");
_Static_assert(offsetof(struct page, refcount) == 52, "as in Linux 6.1");

/* is_zero_folio() compares with it; no measured page is it. */
static struct page zero_page;

static inline struct page *compound_head(struct page *page)
{
	uintptr_t head = __atomic_load_n(&page->compound_head, __ATOMIC_RELAXED);

	return head & 1 ? (struct page *)(head - 1) : page;
}

static inline bool has_flag(struct page *head, unsigned long flag)
{
	return __atomic_load_n(&head->flags, __ATOMIC_RELAXED) & flag;
}

static inline void mark_locked(struct page *head)
{
	while (__atomic_fetch_or(&head->flags, PG_LOCKED, __ATOMIC_ACQUIRE) & PG_LOCKED)
		;
	__atomic_fetch_or(&head->flags, PG_DIRTY, __ATOMIC_ACQ_REL);
	__atomic_fetch_and(&head->flags, ~PG_LOCKED, __ATOMIC_RELEASE);
}

/* Frees nothing: no measured page runs out of references. */
static inline void drop(struct page *head, int32_t references)
{
	if (__builtin_expect(__atomic_sub_fetch(&head->refcount, references,
						__ATOMIC_ACQ_REL) == 0, 0))
		__builtin_trap();
}

/* v5.13: a pincount above order 1; all references but one, and then that one. */
static inline void unpin_v5_13(struct page *head, int32_t pins)
{
	int32_t references = pins;

	if (has_flag(head, PG_HEAD) && head[1].order > 1)
		__atomic_fetch_sub(&head[1].pincount, pins, __ATOMIC_RELAXED);
	else
		references *= PIN;
	if (references > 1)
		__atomic_fetch_sub(&head->refcount, references - 1, __ATOMIC_RELAXED);
	drop(head, 1);
}

/* v6.12: the zero page, a pincount of each large folio, all references at once. */
static inline void unpin_v6_12(struct page *head, int32_t pins)
{
	int32_t references = pins;

	if (head == &zero_page)
		return;
	if (has_flag(head, PG_HEAD))
		__atomic_fetch_sub(&head[1].pincount, pins, __ATOMIC_RELAXED);
	else
		references *= PIN;
	drop(head, references);
}

#define UNPIN(version)									\
	void unpin_all_##version(struct page **pages, size_t npages, bool make_dirty)	\
	{										\
		size_t i, run;								\
											\
		for (i = 0; i < npages; i += run) {					\
			struct page *head = compound_head(pages[i]);			\
											\
			for (run = 1; i + run < npages; run++)				\
				if (compound_head(pages[i + run]) != head)		\
					break;						\
			if (make_dirty && !has_flag(head, PG_DIRTY))			\
				mark_locked(head);					\
			unpin_##version(head, (int32_t)run);				\
		}									\
	}

UNPIN(v5_13)
UNPIN(v6_12)
