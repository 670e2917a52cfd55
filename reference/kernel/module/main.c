// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device that takes a case and gives its outcome: the kernel as a backend of
 * pagediff. See docs/kernel.md.
 */
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/panic_notifier.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "decode.h"
#include "pagediff.h"

/* Records that count: so many of the world, and so many others. */
#define MAX_RECORDS	(2 * CASE_MAX_RECORDS)
#define MAX_JOB		(sizeof(struct pagediff_job) + MAX_RECORDS * CASE_RECORD_BYTES)

struct trial *trial;
static u8 *job_bytes;
static DEFINE_MUTEX(lock);
static u32 jobs;		/* that have run before this one */

static const struct release_api *apis[PAGEDIFF_APIS] = {
	[PAGEDIFF_PATCH] = &patch_api,
	[PAGEDIFF_RELEASE_PAGES] = &release_pages_api,
	[PAGEDIFF_FAST] = &fast_api,
};

void pagediff_take_candidate(const struct release_api *api)
{
	mutex_lock(&lock);
	apis[PAGEDIFF_CANDIDATE] = api;
	mutex_unlock(&lock);
}
EXPORT_SYMBOL_GPL(pagediff_take_candidate);

/* The field by which this kernel is none for the library, looked at once; NULL if it is one. */
static const char *fast_refused;

static int take_job(const struct pagediff_run *run, struct pagediff_job *job)
{
	const u8 *bytes = job_bytes + sizeof(*job);
	size_t bad;

	if (run->job_len < sizeof(*job) || run->job_len > MAX_JOB ||
	    run->nr_regions > CASE_MAX_RECORDS)
		return -E2BIG;
	if (copy_from_user(job_bytes, u64_to_user_ptr(run->job), run->job_len) ||
	    (run->nr_regions &&
	     copy_from_user(trial->regions, u64_to_user_ptr(run->regions),
			    run->nr_regions * sizeof(trial->regions[0]))))
		return -EFAULT;
	memcpy(job, job_bytes, sizeof(*job));
	if (job->api >= PAGEDIFF_APIS || !apis[job->api])
		return -EINVAL;
	if (job->api == PAGEDIFF_FAST && fast_refused)
		return -EOPNOTSUPP;
	trial->api = apis[job->api];
	trial->flags = job->flags;
	trial->nr_regions = run->nr_regions;
	if (case_decode(bytes, run->job_len - sizeof(*job), trial->records, MAX_RECORDS,
			&trial->nr_records, &bad) != CASE_OK)
		return -EINVAL;
	return 0;
}

/* Makes the world, runs the program and looks at what is left; enum pagediff_status. */
static u32 run_trial(u32 steps)
{
	struct node_counters before;
	u32 status;

	counters_read(&before);
	trial->nr_made = 0;
	trial->nr_holders = 0;
	trial->spoilt = false;
	trial->owners_dropped = false;
	trial->has_stopped = false;
	trial->call = 0;
	trial->nr_pinned = 0;
	trial->nr_stops = 0;
	trial->error = 0;
	trial->nr_events = 0;
	trial->lost_events = 0;
	trial->nr_acquired = 0;
	trial->nr_strays = 0;
	trial->nr_imbalances = 0;
	status = trial_build(trial);
	/* A mapping that gave other pages than it was asked for may give better ones anew. */
	trial->spoilt |= status != PAGEDIFF_RAN;
	if (status == PAGEDIFF_RAN)
		status = trial_run_program(trial, steps);
	if (status == PAGEDIFF_RAN) {
		trial_check_pages(trial);
		trial_check_nodes(trial, &before);
		trial_fill_answer(trial);
	}
	trial->spoilt |= trial->nr_strays || trial->nr_imbalances;
	trial_tear_down(trial);
	/* It has complained and lives on. Which job it was is known now. */
	if (test_taint(TAINT_BAD_PAGE))
		panic("pagediff: the kernel found a bad page");
	return status;
}

/*
 * The answer being written to the agent. Its parts are gathered first, for most are small and
 * each copy to user memory takes as long as copying some hundred bytes here.
 */
static struct {
	u64 address;
	u32 room;
	u32 length;
	u32 waiting;		/* bytes, the last of these, that are yet to be copied */
	u8 bytes[1024];
} writer;

static int flush(void)
{
	u64 address = writer.address + writer.length - writer.waiting;

	if (copy_to_user(u64_to_user_ptr(address), writer.bytes, writer.waiting))
		return -EFAULT;
	writer.waiting = 0;
	return 0;
}

static int put(const void *data, size_t size)
{
	if (size > writer.room - writer.length)
		return -ENOSPC;
	if (size > sizeof(writer.bytes) - writer.waiting && flush())
		return -EFAULT;
	if (size > sizeof(writer.bytes)) {
		if (copy_to_user(u64_to_user_ptr(writer.address + writer.length), data, size))
			return -EFAULT;
	} else {
		memcpy(writer.bytes + writer.waiting, data, size);
		writer.waiting += size;
	}
	writer.length += size;
	return 0;
}

static int put_answer(struct pagediff_run *run, u32 status)
{
	struct pagediff_answer answer = { .status = status, .error = trial->error };
	int error;

	writer.address = run->answer;
	writer.room = run->answer_max;
	writer.length = 0;
	writer.waiting = 0;
	if (status == PAGEDIFF_RAN) {
		answer.orders = trial->nr_regions;
		answer.folios = trial->world.nr_folios;
		answer.events = trial->nr_events;
		answer.acquired = trial->nr_acquired;
		answer.strays = trial->nr_strays;
		answer.imbalances = trial->nr_imbalances;
		answer.pinned = trial->nr_pinned;
		answer.stops = trial->nr_stops;
		answer.pins_acquired = trial->pins_acquired;
		answer.pins_released = trial->pins_released;
	}
	error = put(&answer, sizeof(answer)) ?:
		put(trial->orders, answer.orders) ?:
		put(trial->answer, answer.folios * sizeof(trial->answer[0])) ?:
		put(trial->events, answer.events * sizeof(trial->events[0])) ?:
		put(trial->acquired, answer.acquired * sizeof(trial->acquired[0])) ?:
		put(trial->strays, answer.strays * sizeof(trial->strays[0])) ?:
		put(trial->imbalances,
		    answer.imbalances * sizeof(trial->imbalances[0])) ?:
		put(trial->pinned, answer.pinned * sizeof(trial->pinned[0])) ?:
		put(trial->stops, answer.stops * sizeof(trial->stops[0])) ?:
		flush();
	run->answer_len = writer.length;
	run->spoilt = trial->spoilt;
	return error;
}

static long pagediff_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct pagediff_run __user *user = (void __user *)argument;
	struct pagediff_run run;
	struct pagediff_job job;
	int error;

	if (command != PAGEDIFF_RUN)
		return -ENOTTY;
	if (copy_from_user(&run, user, sizeof(run)))
		return -EFAULT;
	mutex_lock(&lock);
	error = take_job(&run, &job);
	if (!error)
		error = put_answer(&run, run_trial(job.steps));
	jobs++;
	mutex_unlock(&lock);
	if (!error && copy_to_user(user, &run, sizeof(run)))
		error = -EFAULT;
	return error;
}

static ssize_t pagediff_read(struct file *file, char __user *user, size_t size, loff_t *offset)
{
	char text[768];
	int length = about_print(text, sizeof(text));

	return simple_read_from_buffer(user, size, offset, text, length);
}

static const struct file_operations pagediff_operations = {
	.owner = THIS_MODULE,
	.read = pagediff_read,
	.unlocked_ioctl = pagediff_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pagediff",
	.fops = &pagediff_operations,
	.mode = 0600,
};

/* The host reads the log of a guest that is gone. */
static int tell_job(struct notifier_block *block, unsigned long event, void *data)
{
	pr_emerg("pagediff: in job %u\n", jobs);
	return NOTIFY_DONE;
}

static struct notifier_block at_panic = { .notifier_call = tell_job };

static void free_memory(void)
{
	if (trial) {
		vfree(trial->records);
		vfree(trial->regions);
	}
	vfree(trial);
	vfree(job_bytes);
}

static int allocate_memory(void)
{
	trial = vzalloc(sizeof(*trial));
	job_bytes = vmalloc(MAX_JOB);
	if (!trial || !job_bytes)
		return -ENOMEM;
	trial->records = vmalloc_array(MAX_RECORDS, sizeof(trial->records[0]));
	trial->regions = vmalloc_array(CASE_MAX_RECORDS, sizeof(trial->regions[0]));
	return trial->records && trial->regions ? 0 : -ENOMEM;
}

static int __init pagediff_init(void)
{
	int error;

	fast_refused = fast_refused_field();
	error = allocate_memory();
	if (error)
		goto memory;
	error = caller_init();
	if (error)
		goto memory;
	error = file_init();
	if (error)
		goto caller;
	error = freed_init();
	if (error)
		goto file;
	error = misc_register(&device);
	if (error)
		goto freed;
	atomic_notifier_chain_register(&panic_notifier_list, &at_panic);
	return 0;

freed:
	freed_exit();
file:
	file_exit();
caller:
	caller_exit();
memory:
	free_memory();
	return error;
}

static void __exit pagediff_exit(void)
{
	atomic_notifier_chain_unregister(&panic_notifier_list, &at_panic);
	misc_deregister(&device);
	freed_exit();
	file_exit();
	caller_exit();
	pool_exit();
	free_memory();
}

module_init(pagediff_init);
module_exit(pagediff_exit);

MODULE_DESCRIPTION("put_user_page*() cases on the kernel's own pages");
MODULE_LICENSE("GPL");
