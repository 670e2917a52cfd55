/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a candidate is compiled against inside the kernel, in the place of
 * targets/c/put_user_page.h: the kernel's own headers, and under the names of that header what
 * they lack in some kernel since 6.1.
 */
#ifndef PUT_USER_PAGE_H
#define PUT_USER_PAGE_H

#include <linux/export.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/pagemap.h>
#include <linux/prefetch.h>
#include <linux/version.h>
#include <linux/vmstat.h>

/* The kernel exports its own functions of these names. */
#undef EXPORT_SYMBOL
#define EXPORT_SYMBOL(name)	extern __typeof__(name) name
#undef EXPORT_SYMBOL_GPL
#define EXPORT_SYMBOL_GPL(name)	EXPORT_SYMBOL(name)

#define PUT_USER_PAGE_API

/* What kernels since 6.1 lack, or have otherwise than that header. */

/* bool since 5.18: of one type with set_page_dirty_lock(). */
static inline int put_user_page_set_page_dirty(struct page *page)
{
	return set_page_dirty(page);
}
#define set_page_dirty			put_user_page_set_page_dirty

static inline void __put_page(struct page *page)
{
	__folio_put(page_folio(page));
}

/* What 6.1 has and 6.12 has not, and the reverse; which kernel between them is not asked. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)

#define put_devmap_managed_folio_refs(folio, refs)	\
	put_devmap_managed_page_refs(&(folio)->page, refs)

static inline bool folio_has_pincount(struct folio *folio)
{
	return folio_test_large(folio);
}

#else

#define put_devmap_managed_page_refs(page, refs)	\
	put_devmap_managed_folio_refs(page_folio(page), refs)

/* In mm/internal.h. */
#define FOLL_PIN			(1 << 19)

static inline struct address_space *page_mapping(struct page *page)
{
	return folio_mapping(page_folio(page));
}

static inline atomic_t *folio_pincount_ptr(struct folio *folio)
{
	return &folio->_pincount;
}

static inline bool page_maybe_dma_pinned(struct page *page)
{
	return folio_maybe_dma_pinned(page_folio(page));
}

#endif

/* Those that are not the kernel's. */
void put_user_page(struct page *page);
void put_user_pages(struct page **pages, unsigned long npages);
void put_user_pages_dirty(struct page **pages, unsigned long npages);
void put_user_pages_dirty_lock(struct page **pages, unsigned long npages);

#endif /* PUT_USER_PAGE_H */
