// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "../common/histogram.bpf.h"
#include "../common/run-queue.bpf.h"
#include "runqlat.h"

/// @description Show how long tasks wait for a CPU: histograms of run queue latency.
/// @example runqlat --interval 5 --per process
/// @example runqlat --pid 1234 --unit msecs
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// @filter pid
/// @ignore
const volatile pid_t target_pid = 0;
/// @filter tid
/// @ignore
const volatile pid_t target_tid = 0;
/// @filter cgroup
/// @ignore
const volatile __u64 target_cgroup = 0;
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

static __always_inline bool is_wanted(struct task_struct *task, __u32 tid)
{
	if (target_pid && target_pid != BPF_CORE_READ(task, tgid))
		return false;
	if (target_tid && target_tid != tid)
		return false;
	return !target_cgroup || task_in_cgroup(task, target_cgroup);
}

static __always_inline struct runqlat_key key_of(struct task_struct *task, __u32 tid)
{
	struct runqlat_key key = {};

	switch (per) {
	case PER_THREAD:
		key.tid = tid;
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

static __always_inline void count(struct task_struct *task, __u32 tid, __u64 waited)
{
	struct runqlat_key key = key_of(task, tid);
	struct runqlat_waits *found = bpf_map_lookup_elem(&waits, &key);

	if (!found) {
		bpf_map_update_elem(&waits, &key, &zero, BPF_NOEXIST);
		found = bpf_map_lookup_elem(&waits, &key);
		if (!found) {
			__sync_fetch_and_add(&lost_events, 1);
			return;
		}
	}
	count_in(found->slots, in_unit(waited, unit));
	/* Names change, with exec for one. */
	if (per == PER_THREAD)
		BPF_CORE_READ_STR_INTO(&found->comm, task, comm);
	else if (per == PER_PROCESS)
		BPF_CORE_READ_STR_INTO(&found->comm, task, group_leader, comm);
}

static __always_inline int wakes(struct task_struct *task)
{
	__u32 tid = BPF_CORE_READ(task, pid);

	if (is_wanted(task, tid))
		woken(task, tid);
	return 0;
}

static __always_inline int switches(bool preempted, struct task_struct *prev, struct task_struct *next)
{
	__u32 tid = BPF_CORE_READ(prev, pid);
	__s64 waited;

	leaves(prev, tid, preempted, is_wanted(prev, tid));
	tid = BPF_CORE_READ(next, pid);
	waited = arrives(tid);
	if (waited >= 0)
		count(next, tid, waited);
	return 0;
}

/// @one-of sched/tp_btf
SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return switches(preempt, prev, next);
}

/// @one-of sched/tp_btf
SEC("tp_btf/sched_wakeup")
int BPF_PROG(on_wakeup, struct task_struct *task)
{
	return wakes(task);
}

/// @one-of sched/tp_btf
SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(on_wakeup_new, struct task_struct *task)
{
	return wakes(task);
}

/// @one-of sched/raw_tp
SEC("raw_tp/sched_switch")
int BPF_PROG(on_switch_raw, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return switches(preempt, prev, next);
}

/// @one-of sched/raw_tp
SEC("raw_tp/sched_wakeup")
int BPF_PROG(on_wakeup_raw, struct task_struct *task)
{
	return wakes(task);
}

/// @one-of sched/raw_tp
SEC("raw_tp/sched_wakeup_new")
int BPF_PROG(on_wakeup_new_raw, struct task_struct *task)
{
	return wakes(task);
}
