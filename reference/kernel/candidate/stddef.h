/* SPDX-License-Identifier: GPL-2.0-only */
/* A candidate may include C's own headers, which the kernel does not have. */
#include <linux/stddef.h>
