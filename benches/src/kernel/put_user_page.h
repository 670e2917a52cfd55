/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The kernel's words for targets/c/candidates/fast.c where its speed is measured: they do what
 * peers.c does, to the same pages.
 */
#ifndef PUT_USER_PAGE_H
#define PUT_USER_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* struct page of 64-bit Linux 6.1: what is read here. */
struct page {
	unsigned long flags;
	uintptr_t compound_head;
	unsigned char compound_dtor, compound_order;
	unsigned char other[30];
	int32_t mapcount;
	int32_t refcount;
	unsigned long memcg_data;
};

_Static_assert(sizeof(struct page) == 64, "a cache line");
_Static_assert(offsetof(struct page, refcount) == 52, "as in Linux 6.1");

#define PG_LOCKED	(1ul << 0)
#define PG_DIRTY	(1ul << 3)
#define PG_HEAD		(1ul << 16)

static inline struct page *compound_head(struct page *page)
{
	uintptr_t head = __atomic_load_n(&page->compound_head, __ATOMIC_RELAXED);

	return head & 1 ? (struct page *)(head - 1) : page;
}

static inline unsigned int compound_order(struct page *head)
{
	return __atomic_load_n(&head->flags, __ATOMIC_RELAXED) & PG_HEAD ? head[1].compound_order : 0;
}

static inline bool PageDirty(struct page *head)
{
	return __atomic_load_n(&head->flags, __ATOMIC_RELAXED) & PG_DIRTY;
}

static inline int set_page_dirty(struct page *head)
{
	return !(__atomic_fetch_or(&head->flags, PG_DIRTY, __ATOMIC_ACQ_REL) & PG_DIRTY);
}

static inline int set_page_dirty_lock(struct page *head)
{
	int dirtied;

	while (__atomic_fetch_or(&head->flags, PG_LOCKED, __ATOMIC_ACQUIRE) & PG_LOCKED)
		;
	dirtied = set_page_dirty(head);
	__atomic_fetch_and(&head->flags, ~PG_LOCKED, __ATOMIC_RELEASE);
	return dirtied;
}

static inline bool page_ref_sub_and_test(struct page *head, int references)
{
	return __atomic_sub_fetch(&head->refcount, references, __ATOMIC_ACQ_REL) == 0;
}

/* No measured page runs out of references. */
static inline void __put_page(struct page *head)
{
	(void)head;
	__builtin_trap();
}

static inline void put_page(struct page *page)
{
	struct page *head = compound_head(page);

	if (page_ref_sub_and_test(head, 1))
		__put_page(head);
}

void put_user_page(struct page *page);
void put_user_pages(struct page **pages, unsigned long npages);
void put_user_pages_dirty(struct page **pages, unsigned long npages);
void put_user_pages_dirty_lock(struct page **pages, unsigned long npages);

#endif
