// SPDX-License-Identifier: GPL-2.0-only
/* The nodes' counters, with what each processor has not added to them yet. */
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/nodemask.h>

#include "pagediff.h"

s64 counter_read(enum node_stat_item item)
{
	s64 sum = atomic_long_read(&vm_node_stat[item]);
	int node, cpu;

	for_each_online_node(node) {
		struct per_cpu_nodestat __percpu *stats = NODE_DATA(node)->per_cpu_nodestats;

		for_each_online_cpu(cpu)
			sum += per_cpu_ptr(stats, cpu)->vm_node_stat_diff[item];
	}
	return sum;
}

void counters_read(struct node_counters *counters)
{
	counters->acquired_pins = counter_read(NR_FOLL_PIN_ACQUIRED);
	counters->released_pins = counter_read(NR_FOLL_PIN_RELEASED);
	counters->file_dirty = counter_read(NR_FILE_DIRTY);
}
