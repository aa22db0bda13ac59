// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "../common/run-queue.bpf.h"
#include "runqslower.h"

/// @description Trace tasks that wait longer for a CPU than a threshold, and who had it before them.
/// @example runqslower --min 1ms
/// @example runqslower --min 500us --comm postgres
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// @description "Shortest wait to show"
/// @cmdarg {"long": "min", "short": "m"}
/// @format duration us
const volatile __u64 min_us = 10000;
/// @filter pid
/// @ignore
const volatile pid_t target_pid = 0;
/// @filter tid
/// @ignore
const volatile pid_t target_tid = 0;
/// @filter cgroup
/// @ignore
const volatile __u64 target_cgroup = 0;
/// @filter comm
/// @ignore
const volatile char target_comm[16] = "";

/// @export event
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

static __always_inline bool is_wanted(struct task_struct *task, __u32 tid)
{
	if (target_pid && target_pid != BPF_CORE_READ(task, tgid))
		return false;
	if (target_tid && target_tid != tid)
		return false;
	return !target_cgroup || task_in_cgroup(task, target_cgroup);
}

static __always_inline bool has_name(const char *comm)
{
	int index;

	for (index = 0; index < sizeof(target_comm) && target_comm[index]; index++)
		if (comm[index] != target_comm[index])
			return false;
	return true;
}

static __always_inline void show(struct task_struct *prev, struct task_struct *next, __u64 waited)
{
	char comm[16] = {};
	struct event *event;

	BPF_CORE_READ_STR_INTO(&comm, next, comm);
	if (!has_name(comm))
		return;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&lost_events, 1);
		return;
	}
	__builtin_memcpy(event->comm, comm, sizeof(comm));
	event->pid = BPF_CORE_READ(next, tgid);
	event->tid = BPF_CORE_READ(next, pid);
	event->waited_ns = waited;
	BPF_CORE_READ_STR_INTO(&event->prev_comm, prev, comm);
	event->prev_tid = BPF_CORE_READ(prev, pid);
	event->cpu = bpf_get_smp_processor_id();
	bpf_ringbuf_submit(event, 0);
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
	waited = arrives(BPF_CORE_READ(next, pid));
	if (waited >= (__s64)(min_us * 1000))
		show(prev, next, waited);
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
