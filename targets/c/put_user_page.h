/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a candidate is compiled against: struct page, and those functions of the
 * kernel that release code calls. Those about folios and pins are in folio.h.
 *
 * A candidate is a C file, or a shared object, that defines some of the functions declared
 * at the end of this file. To build one and to hold it against the reference:
 *
 *	cargo run --release -- replay --backend mine.c corpus/
 *
 * Taking a page lock and freeing a page are the harness's to do, and it must hear
 * of every page that turns dirty and of the pins that the node counts: these go through
 * put_user_page_hooks, so use the functions below instead of writing PG_locked or PG_dirty
 * yourself. References and pincounts may be dropped in any way. A call must have done all
 * of its work when it returns.
 *
 * Any other write to a struct page is a divergence, whether the page is in use, was
 * freed, or is not there (a frame in a gap). Reading those is not noticed; built with
 * --cflags=-fsanitize=address it ends the process, which is a divergence. So does, however
 * it is built, reading or writing behind the array, which ends where memory ends.
 */
#ifndef PUT_USER_PAGE_H
#define PUT_USER_PAGE_H

#include <stdbool.h>
#include <stddef.h>

_Static_assert(sizeof(long) == 8 && sizeof(void *) == 8, "64-bit only");

#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value)						\
	do {								\
		*(volatile __typeof__(x) *)&(x) = (value);		\
	} while (0)

#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)

typedef struct {
	int counter;
} atomic_t;

struct list_head {
	struct list_head *next, *prev;
};

/* A file: what dirtying one of its pages counts. */
struct address_space {
	unsigned long dirty_count;	/* compound pages, each counted as one */
	unsigned long dirty_tags;
};

/* Bit numbers in page->flags. A head page may have other bits set; leave them. */
enum pageflags {
	PG_locked = 0,
	PG_dirty = 3,
	PG_head = 16,
};

/* The layout is that of 64-bit Linux 6.1. */
struct page {
	unsigned long flags;
	union {
		struct {		/* a head page, or a page of order 0 */
			struct list_head lru;
			struct address_space *mapping;
			unsigned long index;
			unsigned long private;
		};
		struct {		/* a tail page */
			unsigned long compound_head;	/* head's address + 1 */
			/* These are kept in the first tail page only: */
			unsigned char compound_dtor;
			unsigned char compound_order;
			atomic_t compound_mapcount;
			atomic_t compound_pincount;
			unsigned int compound_nr;
		};
	};
	atomic_t _mapcount;
	atomic_t _refcount;
	unsigned long memcg_data;
} __attribute__((aligned(64)));

#define PUT_USER_PAGE_OFFSET(field, offset)				\
	_Static_assert(offsetof(struct page, field) == (offset),	\
		       "struct page: " #field " is not at " #offset)

_Static_assert(sizeof(struct page) == 64, "struct page is not 64 bytes");
_Static_assert(_Alignof(struct page) == 64, "struct page is not aligned to 64");
PUT_USER_PAGE_OFFSET(flags, 0);
PUT_USER_PAGE_OFFSET(lru, 8);
PUT_USER_PAGE_OFFSET(compound_head, 8);
PUT_USER_PAGE_OFFSET(compound_dtor, 16);
PUT_USER_PAGE_OFFSET(compound_order, 17);
PUT_USER_PAGE_OFFSET(compound_mapcount, 20);
PUT_USER_PAGE_OFFSET(mapping, 24);
PUT_USER_PAGE_OFFSET(compound_pincount, 24);
PUT_USER_PAGE_OFFSET(compound_nr, 28);
PUT_USER_PAGE_OFFSET(index, 32);
PUT_USER_PAGE_OFFSET(private, 40);
PUT_USER_PAGE_OFFSET(_mapcount, 48);
PUT_USER_PAGE_OFFSET(_refcount, 52);
PUT_USER_PAGE_OFFSET(memcg_data, 56);

/* What the harness puts in the mapping word of a page that it frees. */
#define PUT_USER_PAGE_POISON	0xdead000000000100UL

#define PUT_USER_PAGE_HOOKS_VERSION	2u

/* What the harness does for a candidate. No hook is ever NULL. */
struct put_user_page_hooks {
	unsigned int version;		/* PUT_USER_PAGE_HOOKS_VERSION */
	unsigned int page_size;		/* sizeof(struct page) in the harness */
	void *context;			/* handed back to every hook */
	struct page *mem_map;		/* the page at frame 0 */
	unsigned long frames;		/* page frames in the map */
	/* Blocks until the lock is taken. */
	void (*lock_page)(void *context, struct page *head);
	/* True if the lock was taken. */
	bool (*trylock_page)(void *context, struct page *head);
	void (*unlock_page)(void *context, struct page *head);
	/* The flag has just gone from clean to dirty. */
	void (*page_dirtied)(void *context, struct page *page);
	/* The last reference is gone. */
	void (*free_page)(void *context, struct page *page);
	/* Since version 2. Whether it is the zero page. */
	bool (*is_zero_page)(void *context, struct page *page);
	/* The page's node counts so many more pins. */
	void (*pins_acquired)(void *context, struct page *head, long pins);
	void (*pins_released)(void *context, struct page *head, long pins);
};

/*
 * Set by the harness, which finds it with dlsym(), for the time of each call. Weak, so
 * that all source files of a candidate have one between them.
 */
__attribute__((weak, visibility("default")))
const struct put_user_page_hooks *put_user_page_hooks;

static inline void prefetchw(const void *address)
{
	__builtin_prefetch(address, 1);
}

static inline unsigned long page_to_pfn(const struct page *page)
{
	return (unsigned long)(page - put_user_page_hooks->mem_map);
}

static inline struct page *pfn_to_page(unsigned long pfn)
{
	return put_user_page_hooks->mem_map + pfn;
}

/* Compound pages. */

/* One read: a concurrent split may change the word between two. */
static inline struct page *compound_head(struct page *page)
{
	unsigned long word = READ_ONCE(page->compound_head);

	return word & 1 ? (struct page *)(word & ~1UL) : page;
}

static inline bool put_user_page_flag(const struct page *page, enum pageflags bit)
{
	return READ_ONCE(page->flags) >> bit & 1;
}

/* Of a compound page; a page of order 0 is neither head nor tail. */
static inline bool PageHead(const struct page *page)
{
	return put_user_page_flag(page, PG_head);
}

static inline bool PageTail(const struct page *page)
{
	return READ_ONCE(page->compound_head) & 1;
}

static inline bool PageCompound(const struct page *page)
{
	return PageHead(page) || PageTail(page);
}

/* Of a head page. A page of order 0 may be the last of the map: it has no page[1]. */
static inline unsigned int compound_order(const struct page *page)
{
	return PageHead(page) ? READ_ONCE(page[1].compound_order) : 0;
}

/* How many pages the compound page of this head page has. */
static inline unsigned long compound_nr(const struct page *page)
{
	return 1UL << compound_order(page);
}

/* The page lock: the head page's, whichever page is given. */

static inline bool PageLocked(struct page *page)
{
	return put_user_page_flag(compound_head(page), PG_locked);
}

static inline void lock_page(struct page *page)
{
	const struct put_user_page_hooks *hooks = put_user_page_hooks;

	hooks->lock_page(hooks->context, compound_head(page));
}

static inline bool trylock_page(struct page *page)
{
	const struct put_user_page_hooks *hooks = put_user_page_hooks;

	return hooks->trylock_page(hooks->context, compound_head(page));
}

static inline void unlock_page(struct page *page)
{
	const struct put_user_page_hooks *hooks = put_user_page_hooks;

	hooks->unlock_page(hooks->context, compound_head(page));
}

/* Dirty: the head page's flag and mapping, whichever page is given. */

static inline bool PageDirty(struct page *page)
{
	return put_user_page_flag(compound_head(page), PG_dirty);
}

/* Returns whether the flag was set before. Fully ordered, as test_and_set_bit() is. */
static inline bool TestSetPageDirty(struct page *page)
{
	const struct put_user_page_hooks *hooks = put_user_page_hooks;
	const unsigned long dirty = 1UL << PG_dirty;
	struct page *head = compound_head(page);

	if (__atomic_fetch_or(&head->flags, dirty, __ATOMIC_SEQ_CST) & dirty)
		return true;
	hooks->page_dirtied(hooks->context, head);
	return false;
}

/* Sets the flag alone; set_page_dirty() tells the file too. */
static inline void SetPageDirty(struct page *page)
{
	TestSetPageDirty(page);
}

/* NULL for anonymous pages. */
static inline struct address_space *page_mapping(struct page *page)
{
	struct address_space *mapping = READ_ONCE(compound_head(page)->mapping);

	/* Marking a freed page shall end in a divergence: it says more than a crash. */
	if (unlikely((unsigned long)mapping == PUT_USER_PAGE_POISON))
		return NULL;
	return mapping;
}

/* Returns 1 if the page was clean, else 0. */
static inline int set_page_dirty(struct page *page)
{
	struct page *head = compound_head(page);
	struct address_space *mapping;

	if (TestSetPageDirty(head))
		return 0;
	mapping = page_mapping(head);
	if (mapping) {
		__atomic_fetch_add(&mapping->dirty_count, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&mapping->dirty_tags, 1, __ATOMIC_RELAXED);
	}
	return 1;
}

static inline int set_page_dirty_lock(struct page *page)
{
	int was_clean;

	lock_page(page);
	was_clean = set_page_dirty(page);
	unlock_page(page);
	return was_clean;
}

/*
 * References: the counter of the very page that is given, and head pages have them
 * all; only put_page() looks for the head page itself. What returns a result is
 * fully ordered, what returns none is not ordered, as in the kernel.
 */

static inline int page_ref_count(const struct page *page)
{
	return READ_ONCE(page->_refcount.counter);
}

static inline void page_ref_add(struct page *page, int nr)
{
	__atomic_fetch_add(&page->_refcount.counter, nr, __ATOMIC_RELAXED);
}

static inline void page_ref_inc(struct page *page)
{
	page_ref_add(page, 1);
}

/* True if no reference is left. */
static inline bool page_ref_sub_and_test(struct page *page, int nr)
{
	return __atomic_sub_fetch(&page->_refcount.counter, nr, __ATOMIC_SEQ_CST) == 0;
}

static inline bool page_ref_dec_and_test(struct page *page)
{
	return page_ref_sub_and_test(page, 1);
}

static inline bool put_page_testzero(struct page *page)
{
	return page_ref_dec_and_test(page);
}

/* Frees the compound page of a head page whose last reference is gone. */
static inline void __put_page(struct page *page)
{
	const struct put_user_page_hooks *hooks = put_user_page_hooks;

	hooks->free_page(hooks->context, page);
}

static inline void put_page(struct page *page)
{
	struct page *head = compound_head(page);

	if (put_page_testzero(head))
		__put_page(head);
}

#include "folio.h"

/*
 * The functions. Define those that you want to try: a call of one that is not
 * defined is skipped.
 */

#define PUT_USER_PAGE_API	__attribute__((visibility("default")))

/* Releases one page. */
PUT_USER_PAGE_API void put_user_page(struct page *page);

/* Releases each page of the array. */
PUT_USER_PAGE_API void put_user_pages(struct page **pages, unsigned long npages);

/* Marks each page of the array dirty if it is clean, then releases it. */
PUT_USER_PAGE_API void put_user_pages_dirty(struct page **pages,
					    unsigned long npages);

/* The same; marks under the page lock, for which it may wait. */
PUT_USER_PAGE_API void put_user_pages_dirty_lock(struct page **pages,
						 unsigned long npages);

/*
 * What the four became, which release pins. make_dirty: marks each page dirty if it is
 * clean, under the page lock, before it is released.
 */

/* Unpins one page. */
PUT_USER_PAGE_API void unpin_user_page(struct page *page);

/* Unpins each page of the array. */
PUT_USER_PAGE_API void unpin_user_pages(struct page **pages, unsigned long npages);

PUT_USER_PAGE_API void unpin_user_pages_dirty_lock(struct page **pages, unsigned long npages,
						   bool make_dirty);

/* The same of pages that lie side by side, from this one on. */
PUT_USER_PAGE_API void unpin_user_page_range_dirty_lock(struct page *page,
							unsigned long npages,
							bool make_dirty);

/* Unpins one folio. 6.12 has this and the next two. */
PUT_USER_PAGE_API void unpin_folio(struct folio *folio);

/* Unpins each folio of the array. */
PUT_USER_PAGE_API void unpin_folios(struct folio **folios, unsigned long nfolios);

/* Releases so many pins of a folio. */
PUT_USER_PAGE_API void unpin_user_folio(struct folio *folio, unsigned long npages);

#endif /* PUT_USER_PAGE_H */
