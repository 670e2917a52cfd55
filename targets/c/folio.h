/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Folios and pins: what the unpin functions of mm/gup.c call, under the kernel's names, so that
 * they can be cut from a kernel's source and compiled as they are. Part of put_user_page.h, which
 * includes it.
 *
 * An accessor that is not in both of Debian's linux-source-6.1 6.1.192 and linux-source-6.12
 * 6.12.117 says which has it.
 */
#ifndef PUT_USER_PAGE_FOLIO_H
#define PUT_USER_PAGE_FOLIO_H

/* Words that are not about pages. */

#define min_t(type, x, y)						\
	({								\
		type min_x = (x);					\
		type min_y = (y);					\
		min_x < min_y ? min_x : min_y;				\
	})

/* Whether a value is a negative error number. */
#define MAX_ERRNO		4095
#define IS_ERR_VALUE(x)							\
	unlikely((unsigned long)(void *)(x) >= (unsigned long)-MAX_ERRNO)

/* They print nothing: what a warning is about shows in what the call does. */
#define WARN_ON(condition)	unlikely(!!(condition))
#define WARN_ON_ONCE(condition)	WARN_ON(condition)

/* No option is on, as in Debian's kernels CONFIG_DEBUG_VM is not. */
#define IS_ENABLED(option)	0

/* Compiled and not evaluated, as without CONFIG_DEBUG_VM. */
#define VM_BUG_ON_PAGE(condition, page)		((void)sizeof(!!(condition)))
#define VM_WARN_ON_ONCE(condition)		((void)sizeof(!!(condition)))

/* All that is not static can be called. */
#define EXPORT_SYMBOL(name)	extern __typeof__(name) name
#define EXPORT_SYMBOL_GPL(name)	EXPORT_SYMBOL(name)

/* Not ordered. */

static inline int atomic_read(const atomic_t *v)
{
	return READ_ONCE(v->counter);
}

static inline void atomic_add(int i, atomic_t *v)
{
	__atomic_fetch_add(&v->counter, i, __ATOMIC_RELAXED);
}

static inline void atomic_sub(int i, atomic_t *v)
{
	__atomic_fetch_sub(&v->counter, i, __ATOMIC_RELAXED);
}

/*
 * A compound page by its head page, or a page of order 0. Only a large one has what is behind
 * page.
 */
struct folio {
	struct page page;
	union {
		struct page __page_1;
		struct {
			unsigned long _flags_1;
			unsigned long _head_1;
			unsigned char _folio_dtor;
			unsigned char _folio_order;
			atomic_t _entire_mapcount;
			atomic_t _pincount;
			unsigned int _folio_nr_pages;
		};
	};
};

#define PUT_USER_PAGE_TAIL_OFFSET(field, in_page)				\
	_Static_assert(offsetof(struct folio, field) ==				\
			       sizeof(struct page) + offsetof(struct page, in_page),	\
		       "struct folio: " #field " is not at " #in_page " of the first tail page")

_Static_assert(offsetof(struct folio, page) == 0, "a folio is not its head page");
PUT_USER_PAGE_TAIL_OFFSET(_head_1, compound_head);
PUT_USER_PAGE_TAIL_OFFSET(_folio_order, compound_order);
PUT_USER_PAGE_TAIL_OFFSET(_pincount, compound_pincount);
PUT_USER_PAGE_TAIL_OFFSET(_folio_nr_pages, compound_nr);

/* Pages of folios. */

static inline struct folio *page_folio(struct page *page)
{
	return (struct folio *)compound_head(page);
}

/* Whether it is a compound page. */
static inline bool folio_test_large(const struct folio *folio)
{
	return PageHead(&folio->page);
}

static inline long folio_nr_pages(const struct folio *folio)
{
	return (long)compound_nr(&folio->page);
}

/* The place of a page in its folio. */
static inline unsigned long folio_page_idx(const struct folio *folio, const struct page *page)
{
	return (unsigned long)(page - &folio->page);
}

/* The page n behind this one; the map is one array. */
static inline struct page *nth_page(struct page *page, unsigned long n)
{
	return page + n;
}

/* There is one zero page at most. The huge zero page is not it. */
static inline bool is_zero_page(const struct page *page)
{
	const struct put_user_page_hooks *hooks = put_user_page_hooks;

	return hooks->is_zero_page(hooks->context, (struct page *)page);
}

static inline bool is_zero_folio(const struct folio *folio)
{
	return is_zero_page(&folio->page);
}

/* A page without a file is anonymous, ... */
static inline bool folio_test_anon(const struct folio *folio)
{
	return READ_ONCE(folio->page.mapping) == NULL;
}

/* ... its mapping is the only one, and no page is of hugetlbfs. */
static inline bool PageAnonExclusive(const struct page *page)
{
	(void)page;
	return true;
}

static inline bool folio_test_hugetlb(const struct folio *folio)
{
	(void)folio;
	return false;
}

/* The lock and the dirty flag. */

static inline void folio_lock(struct folio *folio)
{
	lock_page(&folio->page);
}

static inline bool folio_trylock(struct folio *folio)
{
	return trylock_page(&folio->page);
}

static inline void folio_unlock(struct folio *folio)
{
	unlock_page(&folio->page);
}

static inline bool folio_test_dirty(const struct folio *folio)
{
	return put_user_page_flag(&folio->page, PG_dirty);
}

/* True if the folio was clean. */
static inline bool folio_mark_dirty(struct folio *folio)
{
	return set_page_dirty(&folio->page);
}

/* References. */

static inline int folio_ref_count(const struct folio *folio)
{
	return page_ref_count(&folio->page);
}

/* True if no reference is left. */
static inline bool folio_ref_sub_and_test(struct folio *folio, int nr)
{
	return page_ref_sub_and_test(&folio->page, nr);
}

static inline void __folio_put(struct folio *folio)
{
	__put_page(&folio->page);
}

static inline void folio_put_refs(struct folio *folio, int refs)
{
	if (folio_ref_sub_and_test(folio, refs))
		__folio_put(folio);
}

/* 6.1. True if the page is a device's, and these references were dropped: none is. */
static inline bool put_devmap_managed_page_refs(struct page *page, int refs)
{
	(void)page;
	(void)refs;
	return false;
}

/* 6.12: the same. */
static inline bool put_devmap_managed_folio_refs(struct folio *folio, int refs)
{
	(void)folio;
	(void)refs;
	return false;
}

/* Pins. */

/* How many references a pin of a page of order 0 is. */
#define GUP_PIN_COUNTING_BIAS	(1U << 10)

/* How a page was taken. Their values differ between kernels. */
#define FOLL_GET		0x04
#define FOLL_PIN		0x40000

/* 6.1; 6.12 has folio->_pincount alone. Of a large folio. */
static inline atomic_t *folio_pincount_ptr(struct folio *folio)
{
	return &folio->_pincount;
}

/* Newer than 6.12. Whether its pins are counted apart. */
static inline bool folio_has_pincount(const struct folio *folio)
{
	return folio_test_large(folio);
}

static inline bool folio_maybe_dma_pinned(struct folio *folio)
{
	if (folio_test_large(folio))
		return atomic_read(&folio->_pincount) > 0;
	/* A count that overflowed is a large one. */
	return (unsigned int)folio_ref_count(folio) >= GUP_PIN_COUNTING_BIAS;
}

/* 6.1 */
static inline bool page_maybe_dma_pinned(struct page *page)
{
	return folio_maybe_dma_pinned(page_folio(page));
}

/* What a node counts. */
enum node_stat_item {
	NR_FOLL_PIN_ACQUIRED,
	NR_FOLL_PIN_RELEASED,
};

/* Which node it is the folio tells: it must not be free yet. */
static inline void node_stat_mod_folio(struct folio *folio, enum node_stat_item item, long nr)
{
	const struct put_user_page_hooks *hooks = put_user_page_hooks;

	if (item == NR_FOLL_PIN_ACQUIRED)
		hooks->pins_acquired(hooks->context, &folio->page, nr);
	else
		hooks->pins_released(hooks->context, &folio->page, nr);
}

#endif /* PUT_USER_PAGE_FOLIO_H */
