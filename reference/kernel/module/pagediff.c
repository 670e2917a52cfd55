// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A stand-in for the module: answers with the job's own bytes. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/utsname.h>

#include "uapi.h"

static char answer[1 << 16];

static long pagediff_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct pagediff_run __user *user = (void __user *)argument;
	struct pagediff_run run;
	u32 i;

	if (command != PAGEDIFF_RUN)
		return -ENOTTY;
	if (copy_from_user(&run, user, sizeof(run)))
		return -EFAULT;
	run.answer_len = min3(run.job_len, run.answer_max, (u32)sizeof(answer));
	if (copy_from_user(answer, u64_to_user_ptr(run.job), run.answer_len))
		return -EFAULT;
	for (i = 0; i < run.nregions; i++) {
		struct pagediff_region __user *regions = u64_to_user_ptr(run.regions);
		struct pagediff_region region;

		if (copy_from_user(&region, &regions[i], sizeof(region)))
			return -EFAULT;
		if (put_user(1, (char __user *)u64_to_user_ptr(region.address)))
			return -EFAULT;
	}
	if (copy_to_user(u64_to_user_ptr(run.answer), answer, run.answer_len))
		return -EFAULT;
	return copy_to_user(user, &run, sizeof(run)) ? -EFAULT : 0;
}

static ssize_t pagediff_read(struct file *file, char __user *to, size_t length, loff_t *at)
{
	static const char text[] = "module stub\n";

	return simple_read_from_buffer(to, length, at, text, sizeof(text) - 1);
}

static const struct file_operations pagediff_operations = {
	.owner = THIS_MODULE,
	.read = pagediff_read,
	.unlocked_ioctl = pagediff_ioctl,
};

static struct miscdevice pagediff_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pagediff",
	.fops = &pagediff_operations,
};

module_misc_device(pagediff_device);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("put_user_page*() cases, run in this kernel");
