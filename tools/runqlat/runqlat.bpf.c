// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "../common/entry.bpf.h"
#include "../common/histogram.bpf.h"
#include "../common/run-queue.bpf.h"
#include "runqlat.h"

/// @description Show how long tasks wait for a CPU: histograms of run queue latency.
/// @example runqlat --interval 5 --per process
/// @example runqlat --pid 1234 --unit msecs
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// @description "A histogram for each process, thread, pidns or cgroup, or one for all"
const volatile enum runqlat_per per = PER_ALL;
/// @description "What is counted"
const volatile enum time_unit unit = UNIT_USECS;

/// @sample {"interval": 1000, "type": "log2_hist", "unit": "usecs", "unit_from": "unit", "percentiles": [50, 90, 99, 99.9], "clear_map": true}
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct runqlat_key);
	__type(value, struct runqlat_waits);
} waits SEC(".maps");

static struct runqlat_waits zero;

static __always_inline struct runqlat_key key_of(struct task_struct *task)
{
	struct runqlat_key key = {};

	switch (per) {
	case PER_THREAD:
		key.tid = BPF_CORE_READ(task, pid);
		key.pid = BPF_CORE_READ(task, tgid);
		break;
	case PER_PROCESS:
		key.pid = BPF_CORE_READ(task, tgid);
		break;
	case PER_PIDNS:
		key.pidns = task_pidns(task);
		break;
	case PER_CGROUP:
		key.cgroup = task_cgroup(task);
		break;
	default:
		break;
	}
	return key;
}

static __always_inline void waited(struct task_struct *prev, struct task_struct *next, __u64 ns)
{
	struct runqlat_key key = key_of(next);
	struct runqlat_waits *found = entry_of(&waits, &key, &zero);

	if (!found)
		return;
	count_in(found->slots, in_unit(ns, unit));
	/* Names change, with exec for one. */
	if (per == PER_THREAD)
		BPF_CORE_READ_STR_INTO(&found->comm, next, comm);
	else if (per == PER_PROCESS)
		BPF_CORE_READ_STR_INTO(&found->comm, next, group_leader, comm);
}
