/* SPDX-License-Identifier: GPL-2.0-only */
/* Code that releases pages, as the module calls it, wherever it comes from. */
#ifndef PAGEDIFF_RELEASE_H
#define PAGEDIFF_RELEASE_H

#include <linux/types.h>

struct folio;
struct page;
struct trial;

/* The functions that release references, and those that release pins. NULL: it has none such. */
struct release_api {
	void (*put_user_page)(struct page *page);
	void (*put_user_pages)(struct page **pages, unsigned long npages);
	void (*put_user_pages_dirty)(struct page **pages, unsigned long npages);
	void (*put_user_pages_dirty_lock)(struct page **pages, unsigned long npages);
	void (*unpin_user_page)(struct page *page);
	void (*unpin_user_pages)(struct page **pages, unsigned long npages);
	void (*unpin_user_pages_dirty_lock)(struct page **pages, unsigned long npages,
					    bool make_dirty);
	void (*unpin_user_page_range_dirty_lock)(struct page *page, unsigned long npages,
						 bool make_dirty);
	void (*unpin_folio)(struct folio *folio);
	void (*unpin_folios)(struct folio **folios, unsigned long nfolios);
	void (*unpin_user_folio)(struct folio *folio, unsigned long npages);
	/* Or one for all of them: the entry that stopped it, npages if none did. */
	u32 (*call)(u8 function, struct page **pages, u32 npages);
	/* Why it does not take the next call; enum pagediff_status. */
	int (*refuses)(const struct trial *trial, u8 function);
};

extern const struct release_api fast_api;
extern const struct release_api patch_api;
extern const struct release_api release_pages_api;

/* A candidate's, which a module of its own brings; see reference/kernel/candidate. */
void pagediff_take_candidate(const struct release_api *api);

#endif /* PAGEDIFF_RELEASE_H */
