// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * As much of a kernel, and of KUnit, as the tests need that `pagediff test-case` prints: pages
 * that count, and a naive put_user_page*(), with a mistake where MISTAKE is defined.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define GFP_KERNEL 1
#define __GFP_COMP 2
#define HZ 100
#define container_of(pointer, type, member) \
	((type *)((char *)(pointer) - offsetof(type, member)))

typedef struct {
	int counter;
} atomic_t;

/* A folio is its head page under another name. */
#define PAGE_FIELDS \
	struct page *head; \
	int refcount; \
	atomic_t _pincount; \
	bool large; \
	bool dirty; \
	bool locked

struct page {
	PAGE_FIELDS;
};

struct folio {
	PAGE_FIELDS;
};

static inline struct page *alloc_pages(int flags, unsigned int order)
{
	struct page *pages = calloc(1ul << order, sizeof(*pages));

	/* Without the flag pages of an order are no compound page. */
	if (!pages || (order > 0) != !!(flags & __GFP_COMP))
		abort();
	for (unsigned long i = 0; i < 1ul << order; i++)
		pages[i].head = pages;
	pages->large = order > 0;
	pages->refcount = 1;
	return pages;
}

/* What waits for its time. All of it comes when somebody waits for a lock. */
struct work_struct {
	void (*function)(struct work_struct *work);
};

struct delayed_work {
	struct work_struct work;
	bool scheduled;
};

static struct delayed_work *scheduled[1024];
static unsigned int works;

#define to_delayed_work(pointer) container_of(pointer, struct delayed_work, work)
#define INIT_DELAYED_WORK_ONSTACK(delayed, let_go) ((delayed)->work.function = (let_go))

static inline void schedule_delayed_work(struct delayed_work *delayed, int delay)
{
	(void)delay;
	delayed->scheduled = true;
	scheduled[works++] = delayed;
}

static inline void flush_delayed_work(struct delayed_work *delayed)
{
	if (delayed->scheduled)
		delayed->work.function(&delayed->work);
	delayed->scheduled = false;
}

static inline void destroy_delayed_work_on_stack(struct delayed_work *delayed)
{
	(void)delayed;
}

static inline bool PageDirty(struct page *page) { return page->head->dirty; }
static inline void SetPageDirty(struct page *page) { page->head->dirty = true; }
static inline void ClearPageDirty(struct page *page) { page->head->dirty = false; }
static inline bool PageLocked(struct page *page) { return page->head->locked; }
static inline void unlock_page(struct page *page) { page->head->locked = false; }
static inline int page_ref_count(struct page *page) { return page->refcount; }
static inline void page_ref_add(struct page *page, int nr) { page->refcount += nr; }
static inline void set_page_count(struct page *page, int nr) { page->refcount = nr; }
static inline void get_page(struct page *page) { page->head->refcount++; }
static inline void put_page(struct page *page) { page->head->refcount--; }

#define GUP_PIN_COUNTING_BIAS 1024

static inline struct page *compound_head(struct page *page) { return page->head; }
static inline struct folio *page_folio(struct page *page) { return (struct folio *)page->head; }
static inline bool folio_test_large(struct folio *folio) { return folio->large; }
static inline void folio_ref_add(struct folio *folio, int nr) { folio->refcount += nr; }
static inline void folio_ref_inc(struct folio *folio) { folio_ref_add(folio, 1); }
static inline void atomic_inc(atomic_t *count) { count->counter++; }

static inline bool page_maybe_dma_pinned(struct page *page)
{
	const struct page *head = page->head;

	return head->large ? head->_pincount.counter > 0 :
		(unsigned int)head->refcount >= GUP_PIN_COUNTING_BIAS;
}

static inline void lock_page(struct page *page)
{
	for (unsigned int i = 0; PageLocked(page) && i < works; i++)
		flush_delayed_work(scheduled[i]);
	if (PageLocked(page))
		abort();
	page->head->locked = true;
}

static inline void put_user_page(struct page *page)
{
	put_page(page);
}

static inline void put_user_pages(struct page **pages, unsigned long npages)
{
	for (unsigned long i = 0; i < npages; i++)
		put_user_page(pages[i]);
}

static inline void put_user_pages_dirty(struct page **pages, unsigned long npages)
{
	for (unsigned long i = 0; i < npages; i++) {
#ifndef MISTAKE
		SetPageDirty(pages[i]);
#endif
		put_user_page(pages[i]);
	}
}

static inline void put_user_pages_dirty_lock(struct page **pages, unsigned long npages)
{
	for (unsigned long i = 0; i < npages; i++) {
		if (!PageDirty(pages[i])) {
			lock_page(pages[i]);
			SetPageDirty(pages[i]);
			unlock_page(pages[i]);
		}
		put_user_page(pages[i]);
	}
}

static inline void unpin_user_folio(struct folio *folio, unsigned long npages)
{
	if (folio->large)
		folio->_pincount.counter -= (int)npages;
	folio->refcount -= (int)npages * (folio->large ? 1 : GUP_PIN_COUNTING_BIAS);
}

static inline void unpin_user_page(struct page *page)
{
	unpin_user_folio(page_folio(page), 1);
}

/* What -errno is as an unsigned long. */
#define IS_ERR_VALUE(number) ((unsigned long)(number) >= (unsigned long)-4095)

static inline void unpin_user_pages(struct page **pages, unsigned long npages)
{
	for (unsigned long i = 0; !IS_ERR_VALUE(npages) && i < npages; i++)
		if (pages[i])
			unpin_user_page(pages[i]);
}

static inline void unpin_user_pages_dirty_lock(struct page **pages, unsigned long npages,
					       bool make_dirty)
{
	if (!make_dirty) {
		unpin_user_pages(pages, npages);
		return;
	}
	for (unsigned long i = 0; i < npages; i++) {
		if (!PageDirty(pages[i])) {
			lock_page(pages[i]);
			SetPageDirty(pages[i]);
			unlock_page(pages[i]);
		}
		unpin_user_page(pages[i]);
	}
}

static inline void unpin_user_page_range_dirty_lock(struct page *page, unsigned long npages,
						    bool make_dirty)
{
	for (unsigned long i = 0; i < npages; i++) {
		struct page *nth = page + i;

		unpin_user_pages_dirty_lock(&nth, 1, make_dirty);
	}
}

static inline void unpin_folios(struct folio **folios, unsigned long nfolios)
{
	for (unsigned long i = 0; !IS_ERR_VALUE(nfolios) && i < nfolios; i++)
		if (folios[i])
			unpin_user_folio(folios[i], 1);
}

struct kunit {
	int failures;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
};

struct kunit_suite {
	const char *name;
	struct kunit_case *test_cases;
};

#define KUNIT_CASE(test) { .run_case = (test) }
#define KUNIT_EXPECT_TRUE(test, condition) \
	do { \
		if (!(condition)) { \
			printf("line %d: %s\n", __LINE__, #condition); \
			(test)->failures++; \
		} \
	} while (0)
#define KUNIT_EXPECT_FALSE(test, condition) KUNIT_EXPECT_TRUE(test, !(condition))
#define KUNIT_EXPECT_EQ(test, left, right) KUNIT_EXPECT_TRUE(test, (left) == (right))
#define KUNIT_ASSERT_NOT_NULL(test, pointer) KUNIT_EXPECT_TRUE(test, (pointer) != NULL)
#define MODULE_LICENSE(license) static const char module_license[] __attribute__((unused)) = license
#define kunit_test_suite(suite) \
	int main(void) \
	{ \
		struct kunit test = { .failures = 0 }; \
		for (struct kunit_case *one = (suite).test_cases; one->run_case; one++) \
			one->run_case(&test); \
		return test.failures > 0; \
	} \
	struct kunit
