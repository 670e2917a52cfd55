// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file that pages of kind file belong to: one inode of a file system of our own, so
 * that set_page_dirty() finds a mapping that counts and tags. A page's index in it is its
 * frame in the case. The inode is born dirty, as alloc_anon_inode() makes it, so that no
 * writeback ever looks for it.
 */
#include <linux/backing-dev.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>
#include <linux/xarray.h>

#include "pagediff.h"

#define PAGEDIFF_MAGIC	0x70676466

static struct vfsmount *mount;
static struct inode *inode;

/* Marks the page as most file systems do, and notes when and under which lock. */
static bool file_dirty_folio(struct address_space *mapping, struct folio *folio)
{
	u32 number = (u32)page_private(&folio->page);
	struct trial_folio *subject = &trial->folios[number];
	s64 before = counter_read(NR_FILE_DIRTY);
	bool newly;

	if (number >= trial->world.nr_folios)
		return filemap_dirty_folio(mapping, folio);
	newly = filemap_dirty_folio(mapping, folio);
	subject->dirty_count += counter_read(NR_FILE_DIRTY) - before;
	if (newly && trial->in_call) {
		s32 refcount = trial_refcount(trial, number);

		if (folio_test_locked(folio) && !subject->holder)
			trial_event(trial, number, PAGEDIFF_LOCK, refcount);
		trial_event(trial, number, PAGEDIFF_DIRTY, refcount);
		subject->was_dirty = true;
	}
	return newly;
}

static const struct address_space_operations file_operations = {
	.dirty_folio = file_dirty_folio,
};

static int store(struct trial *trial, u32 number, struct page *page)
{
	const struct case_folio *shape = &trial->world.folios[number];
	XA_STATE_ORDER(xas, &inode->i_mapping->i_pages, shape->frame, shape->order);

	do {
		xas_lock_irq(&xas);
		xas_store(&xas, page);
		xas_unlock_irq(&xas);
	} while (xas_nomem(&xas, GFP_KERNEL));
	return xas_error(&xas);
}

int file_add(struct trial *trial, u32 number)
{
	struct page *head = trial->folios[number].head;
	int error;

	head->index = trial->world.folios[number].frame;
	error = store(trial, number, head);
	if (error)
		return error;
	head->mapping = inode->i_mapping;
	SetPageUptodate(head);
	return 0;
}

/* Takes the page out of the file's account and tags; the caller has its lock. */
static void account_clean(struct trial_folio *folio)
{
	struct address_space *mapping = inode->i_mapping;
	s64 before = counter_read(NR_FILE_DIRTY);

	clear_page_dirty_for_io(folio->head);
	folio->dirty_count += counter_read(NR_FILE_DIRTY) - before;
	xa_lock_irq(&mapping->i_pages);
	__xa_clear_mark(&mapping->i_pages, folio->head->index, PAGECACHE_TAG_DIRTY);
	xa_unlock_irq(&mapping->i_pages);
}

void file_clean(struct trial *trial, u32 number)
{
	struct trial_folio *folio = &trial->folios[number];

	if (!folio->holder)
		lock_page(folio->head);
	account_clean(folio);
	if (!folio->holder)
		unlock_page(folio->head);
}

bool file_is_tagged(const struct page *head)
{
	return xa_get_mark(&inode->i_mapping->i_pages, head->index, PAGECACHE_TAG_DIRTY);
}

/*
 * A page of the file that goes, which the page cache's own reference would have kept. It
 * leaves the file first, and what it had counted stays behind for file_remove().
 */
void file_orphan(struct trial_folio *folio)
{
	if (folio->head->mapping != inode->i_mapping)
		return;
	folio->head->mapping = NULL;
	if (test_bit(PG_dirty, &folio->head->flags))
		folio->orphaned_dirty = folio->dirty_count;
}

static void account_orphan(struct trial_folio *folio)
{
	struct bdi_writeback *wb = &inode_to_bdi(inode)->wb;
	int pages = folio->orphaned_dirty;

	mod_node_page_state(page_pgdat(folio->head), NR_FILE_DIRTY, -pages);
	mod_zone_page_state(page_zone(folio->head), NR_ZONE_WRITE_PENDING, -pages);
	wb_stat_mod(wb, WB_RECLAIMABLE, -pages);
}

/* Takes the page out of the file, if it is not gone yet; the caller has its lock. */
void file_remove(struct trial *trial, u32 number)
{
	struct trial_folio *folio = &trial->folios[number];

	if (folio->times_freed) {
		account_orphan(folio);
	} else {
		if (PageDirty(folio->head))
			account_clean(folio);
		folio->head->mapping = NULL;
		ClearPageUptodate(folio->head);
	}
	/* Taking an entry out needs no memory. */
	store(trial, number, NULL);
}

static int file_init_fs_context(struct fs_context *context)
{
	return init_pseudo(context, PAGEDIFF_MAGIC) ? 0 : -ENOMEM;
}

static struct file_system_type file_system = {
	.name = "pagediff",
	.init_fs_context = file_init_fs_context,
	.kill_sb = kill_anon_super,
};

int file_init(void)
{
	int error;

	mount = kern_mount(&file_system);
	if (IS_ERR(mount))
		return PTR_ERR(mount);
	error = super_setup_bdi(mount->mnt_sb);
	if (error)
		goto unmount;
	inode = alloc_anon_inode(mount->mnt_sb);
	if (IS_ERR(inode)) {
		error = PTR_ERR(inode);
		goto unmount;
	}
	inode->i_mapping->a_ops = &file_operations;
	return 0;

unmount:
	kern_unmount(mount);
	return error;
}

void file_exit(void)
{
	iput(inode);
	kern_unmount(mount);
}
