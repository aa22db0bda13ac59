/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef RUN_QUEUE_BPF_H
#define RUN_QUEUE_BPF_H

#include "member.bpf.h"
#include "task.bpf.h"

#define EEXIST 17

/// @filter pid
/// @ignore
const volatile pid_t target_pid = 0;
/// @filter tid
/// @ignore
const volatile pid_t target_tid = 0;
/// @filter cgroup
/// @ignore
const volatile __u64 target_cgroup = 0;

/*
 * Since when tasks wait for a CPU. An entry lives from the moment a task wants to run until it does, so there are never more
 * than tasks that are waiting right now: a task that blocks or dies has none.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, __u64);
} waiting SEC(".maps");

/* Waits that found no room: so many tasks were waiting at once. */
__u64 lost_events = 0;

static __always_inline void begin_to_wait(__u32 tid, __u64 flags)
{
	__u64 now = bpf_ktime_get_ns();
	long error;

	/* It may wait already; all else is a wait that nobody will know of: no room, or a lock that was not to be had. */
	error = bpf_map_update_elem(&waiting, &tid, &now, flags);
	if (error && error != -EEXIST)
		__sync_fetch_and_add(&lost_events, 1);
}

/*
 * A task was woken. One that is on a CPU goes on without waiting, however often it is woken; one that was preempted on its
 * way to sleep waits since then.
 */
static __always_inline void woken(struct task_struct *task, __u32 tid, bool typed)
{
	if (tid && !MEMBER(typed, task, on_cpu))
		begin_to_wait(tid, BPF_NOEXIST);
}

/* A task leaves its CPU. It waits for the next turn when it was preempted or still wants to run. */
static __always_inline void leaves(struct task_struct *task, __u32 tid, bool preempted, bool wanted)
{
	if (!tid)
		return;
	if (wanted && (preempted || !task_state(task)))
		begin_to_wait(tid, BPF_ANY);
	else if (bpf_map_lookup_elem(&waiting, &tid))
		bpf_map_delete_elem(&waiting, &tid);
}

/* A task gets its CPU. Returns how long it waited in nanoseconds, or -1 when nobody saw it begin to. */
static __always_inline __s64 arrives(__u32 tid)
{
	__u64 *since = bpf_map_lookup_elem(&waiting, &tid);
	__s64 waited;

	if (!since)
		return -1;
	waited = bpf_ktime_get_ns() - *since;
	bpf_map_delete_elem(&waiting, &tid);
	return waited;
}

/* Of the task that waits, whoever runs meanwhile. */
static __always_inline bool is_wanted(struct task_struct *task, __u32 tid)
{
	if (target_pid && target_pid != BPF_CORE_READ(task, tgid))
		return false;
	if (target_tid && target_tid != tid)
		return false;
	return !target_cgroup || task_in_cgroup(task, target_cgroup);
}

/* The tool's own: `next` gets the CPU of `prev`, for which it waited so many nanoseconds. */
static __always_inline void waited(struct task_struct *prev, struct task_struct *next, __u64 ns);

static __always_inline int wakes(struct task_struct *task, bool typed)
{
	__u32 tid = MEMBER(typed, task, pid);

	if (is_wanted(task, tid))
		woken(task, tid, typed);
	return 0;
}

static __always_inline int switches(bool preempted, struct task_struct *prev, struct task_struct *next, bool typed)
{
	__u32 tid = MEMBER(typed, prev, pid);
	__s64 ns;

	leaves(prev, tid, preempted, is_wanted(prev, tid));
	ns = arrives(MEMBER(typed, next, pid));
	if (ns >= 0)
		waited(prev, next, ns);
	return 0;
}

/// @one-of sched/tp_btf
SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return switches(preempt, prev, next, true);
}

/// @one-of sched/tp_btf
SEC("tp_btf/sched_wakeup")
int BPF_PROG(on_wakeup, struct task_struct *task)
{
	return wakes(task, true);
}

/// @one-of sched/tp_btf
SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(on_wakeup_new, struct task_struct *task)
{
	return wakes(task, true);
}

/// @one-of sched/raw_tp
SEC("raw_tp/sched_switch")
int BPF_PROG(on_switch_raw, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return switches(preempt, prev, next, false);
}

/// @one-of sched/raw_tp
SEC("raw_tp/sched_wakeup")
int BPF_PROG(on_wakeup_raw, struct task_struct *task)
{
	return wakes(task, false);
}

/// @one-of sched/raw_tp
SEC("raw_tp/sched_wakeup_new")
int BPF_PROG(on_wakeup_new_raw, struct task_struct *task)
{
	return wakes(task, false);
}

#endif
