/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The library of src/ and the module: what it has for us, and what it asks of us. It is
 * reference/kernel/fast in Rust, linked in as fast.o.
 */
#ifndef PAGEDIFF_FAST_H
#define PAGEDIFF_FAST_H

#include <linux/types.h>

struct page;

/* Each returns which entry stopped it, and npages if none did. */
size_t pagediff_fast_put_user_page(struct page *page);
size_t pagediff_fast_put_user_pages(struct page **pages, size_t npages);
size_t pagediff_fast_put_user_pages_dirty(struct page **pages, size_t npages);
size_t pagediff_fast_put_user_pages_dirty_lock(struct page **pages, size_t npages);
size_t pagediff_fast_unpin_user_pages(struct page **pages, size_t npages);
size_t pagediff_fast_unpin_user_pages_dirty_lock(struct page **pages, size_t npages,
						 bool make_dirty);
size_t pagediff_fast_unpin_user_page_range_dirty_lock(struct page *first, size_t npages,
						      bool make_dirty);
size_t pagediff_fast_unpin_user_folio(struct page *page, size_t npages);

/* The name of a field, and where the library takes it to be; NULL if there are no more. */
const char *pagediff_fast_layout(size_t number, size_t *place);

/* All are given head pages. */
void pagediff_hook_set_page_dirty(struct page *head);
void pagediff_hook_lock_page(struct page *head);
void pagediff_hook_unlock_page(struct page *head);
void pagediff_hook_free_page(struct page *head);
bool pagediff_hook_is_zero_page(struct page *head);
void pagediff_hook_pins_released(struct page *head, int pins);

#endif /* PAGEDIFF_FAST_H */
