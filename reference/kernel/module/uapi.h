/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What /dev/pagediff takes and answers. */
#ifndef PAGEDIFF_UAPI_H
#define PAGEDIFF_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct pagediff_region {
	__u64 address;
	__u8 source;
	__u8 order;
	__u16 count;
	__u32 padding;
};

struct pagediff_run {
	__u64 job;
	__u32 job_len;
	__u32 nregions;
	__u64 regions;
	__u64 answer;
	__u32 answer_max;
	__u32 answer_len; /* out */
};

#define PAGEDIFF_RUN _IOWR('P', 1, struct pagediff_run)

#endif
