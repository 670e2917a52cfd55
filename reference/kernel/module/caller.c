// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls of the function under test. While a holder has a page of the case locked, they
 * are made in a thread of their own: where that waits for the page lock, the holder, who
 * is us, sees it wait and unlocks.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "pagediff.h"

struct call {
	struct kthread_work work;
	struct trial *trial;
	struct page **pages;
	u8 function;
	unsigned long npages;
	unsigned long stopped_at;	/* an entry; npages if none is known to have stopped it */
	bool returned;
};

static struct kthread_worker *worker;

/* Those that lock pages. What marks nothing is not told from what does: it is one function. */
static bool may_sleep(u8 function)
{
	switch (function) {
	case CASE_PUT_USER_PAGES_DIRTY_LOCK:
	case CASE_UNPIN_USER_PAGES_DIRTY_LOCK:
	case CASE_UNPIN_USER_PAGES_NOT_DIRTY_LOCK:
	case CASE_UNPIN_USER_PAGE_RANGE_DIRTY_LOCK:
	case CASE_UNPIN_USER_PAGE_RANGE_NOT_DIRTY_LOCK:
		return true;
	default:
		return false;
	}
}

static void release(struct call *call)
{
	const struct release_api *api = call->trial->api;
	struct page **pages = call->pages;
	unsigned long i;

	call->stopped_at = call->npages;
	if (api->call) {
		call->stopped_at = api->call(call->function, pages, call->npages);
		return;
	}
	switch (call->function) {
	case CASE_PUT_USER_PAGE:
		for (i = 0; i < call->npages; i++)
			api->put_user_page(pages[i]);
		break;
	case CASE_PUT_USER_PAGES:
		api->put_user_pages(pages, call->npages);
		break;
	case CASE_PUT_USER_PAGES_DIRTY:
		api->put_user_pages_dirty(pages, call->npages);
		break;
	case CASE_PUT_USER_PAGES_DIRTY_LOCK:
		api->put_user_pages_dirty_lock(pages, call->npages);
		break;
	default:
		unpin(api, call->function, pages, call->npages);
		break;
	}
}

/* The others are called from where nobody may sleep, and the kernel sees who does. */
static void make_call(struct call *call)
{
	bool atomic = !may_sleep(call->function);

	if (atomic)
		preempt_disable();
	release(call);
	if (atomic)
		preempt_enable();
}

static void call_in_thread(struct kthread_work *work)
{
	struct call *call = container_of(work, struct call, work);

	make_call(call);
	/* Whoever sees this sees what the call did. */
	smp_store_release(&call->returned, true);
}

static bool is_asleep(struct task_struct *task)
{
	return READ_ONCE(task->__state) == TASK_UNINTERRUPTIBLE && !READ_ONCE(task->on_rq);
}

/* Lets the holder of the page that the thread waits for unlock it. */
static void end_wait(struct trial *trial)
{
	u32 i;

	for (i = 0; i < trial->nr_made; i++) {
		u32 number = trial->made[i];
		struct trial_folio *folio = &trial->folios[number];

		if (!folio->holder || !folio_test_waiters(page_folio(folio->head)))
			continue;
		if (PageDirty(folio->head) && !folio->was_dirty) {
			trial_event(trial, number, PAGEDIFF_DIRTY, PAGEDIFF_UNSEEN);
			folio->was_dirty = true;
		}
		trial_event(trial, number, PAGEDIFF_WAIT, trial_refcount(trial, number));
		folio->holder = false;
		trial->nr_holders--;
		unlock_page(folio->head);
		return;
	}
}

static void call_beside_holders(struct call *call)
{
	kthread_init_work(&call->work, call_in_thread);
	kthread_queue_work(worker, &call->work);
	/* Pairs with call_in_thread(). */
	while (!smp_load_acquire(&call->returned)) {
		if (is_asleep(worker->task))
			end_wait(call->trial);
		/* The thread runs until it waits; one that never returns is the host's to see. */
		yield();
	}
	kthread_flush_work(&call->work);
}

/*
 * The array of a call. Where KASAN watches it is one of its own, and no longer than it is said to be:
 * what reads past its end reads memory that is nobody's. struct pages are not watched.
 */
static struct page **take_array(struct trial *trial, u32 npages)
{
	struct page **pages = NULL;

	if (IS_ENABLED(CONFIG_KASAN))
		pages = kmemdup(trial->pages, npages * sizeof(*pages), GFP_KERNEL | __GFP_NOWARN);
	return pages ?: trial->pages;
}

static void give_array_back(struct trial *trial, struct page **pages)
{
	if (pages != trial->pages)
		kfree(pages);
}

void caller_call(struct trial *trial, u8 function, u32 npages)
{
	struct call call = {
		.trial = trial,
		.pages = take_array(trial, npages),
		.function = function,
		.npages = npages,
	};

	trial->in_call = true;
	if (trial->nr_holders)
		call_beside_holders(&call);
	else
		make_call(&call);
	trial->in_call = false;
	give_array_back(trial, call.pages);
	if (call.stopped_at != npages)
		trial->stops[trial->nr_stops++] = (struct pagediff_stop) {
			.call = trial->call, .entry = call.stopped_at,
		};
}

/* Sets what is a file's to set, and no module's. */
static int write_panic_on_warn(const char *digit)
{
	struct file *file = filp_open("/proc/sys/kernel/panic_on_warn", O_WRONLY, 0);
	loff_t pos = 0;
	ssize_t written;

	if (IS_ERR(file))
		return PTR_ERR(file);
	written = kernel_write(file, digit, 1, &pos);
	filp_close(file, NULL);
	return written < 0 ? written : 0;
}

/*
 * The kernel warns of such a length, which is as it should be: it does not panic, and the log
 * has nothing of it.
 */
void caller_call_with_errno(struct trial *trial, u8 function, u32 errno)
{
	struct call call = {
		.trial = trial,
		.pages = trial->pages,
		.function = function,
		.npages = -(unsigned long)errno,
	};
	int loglevel = console_loglevel;

	/* These have no length: they are called for each entry, and there is none. */
	if (function == CASE_PUT_USER_PAGE || function == CASE_UNPIN_USER_PAGE ||
	    function == CASE_UNPIN_FOLIO)
		return;
	if (write_panic_on_warn("0"))
		pr_warn("pagediff: panic_on_warn stays as it is\n");
	console_loglevel = CONSOLE_LOGLEVEL_QUIET;
	trial->in_call = true;
	make_call(&call);
	trial->in_call = false;
	console_loglevel = loglevel;
	write_panic_on_warn("1");
}

int caller_init(void)
{
	worker = kthread_create_worker(0, "pagediff");
	return PTR_ERR_OR_ZERO(worker);
}

void caller_exit(void)
{
	kthread_destroy_worker(worker);
}
