/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef RUN_QUEUE_BPF_H
#define RUN_QUEUE_BPF_H

#include "task.bpf.h"

#define EEXIST 17

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
static __always_inline void woken(struct task_struct *task, __u32 tid)
{
	if (tid && !BPF_CORE_READ(task, on_cpu))
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

#endif
