// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* A module that dies as a job's first byte says; else it answers with the job's bytes. */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/irqflags.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <asm/desc.h>

#include "uapi.h"

static char answer[1 << 16];
static bool armed;

static void reset_machine(void)
{
	struct desc_ptr none = {};

	/* No handler for any exception: the processor shuts down. */
	asm volatile("lidt %0; int3" : : "m"(none));
}

static int obey(char command)
{
	switch (command) {
	case 'B':
		BUG();
	case 'W':
		WARN(1, "as the job asked\n");
		return 0;
	case 'N':
		*(volatile int *)8 = 0;
		return 0;
	case 'H':
		local_irq_disable();
		for (;;)
			cpu_relax();
	case 'A':
		armed = true;
		return 0;
	case 'F':
		BUG_ON(armed);
		return 0;
	case 'L':
		pr_alert("BUG: Bad page state, says the job\n");
		return 0;
	case 'R':
		reset_machine();
		return 0;
	case 'E':
		return -EIO;
	default:
		return 0;
	}
}

static long pagediff_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct pagediff_run __user *user = (void __user *)argument;
	struct pagediff_run run;
	int error;

	if (command != PAGEDIFF_RUN)
		return -ENOTTY;
	if (copy_from_user(&run, user, sizeof(run)))
		return -EFAULT;
	run.answer_len = min3(run.job_len, run.answer_max, (u32)sizeof(answer));
	if (copy_from_user(answer, u64_to_user_ptr(run.job), run.answer_len))
		return -EFAULT;
	error = obey(answer[0]);
	if (error)
		return error;
	if (copy_to_user(u64_to_user_ptr(run.answer), answer, run.answer_len))
		return -EFAULT;
	return copy_to_user(user, &run, sizeof(run)) ? -EFAULT : 0;
}

static ssize_t pagediff_read(struct file *file, char __user *to, size_t length, loff_t *at)
{
	static const char text[] = "module deadly\n";

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
MODULE_DESCRIPTION("Dies on demand, to try the runner");
