// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "exitsnoop.h"
#include "../common/process-filter.bpf.h"

/* include/linux/sched/signal.h: somebody called exit_group(2), or a signal ended all threads. */
#define SIGNAL_GROUP_EXIT 4

/// Trace processes as they end: exit code or signal, whether a core was dumped, and how long they lived.
/// @brief Trace processes as they end
/// @version 1.0
/// @example exitsnoop --failed
/// @example exitsnoop --threads --pid 1234
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// Only what failed: an exit code other than 0, or a signal
/// @cmdarg {"short": "x"}
const volatile bool failed = false;
/// A row for every thread, not only for the last of a process
/// @cmdarg {"short": "T"}
const volatile bool threads = false;

/* Events that found the ring buffer full. */
__u64 lost_events = 0;

/* A process by its number, which others get again, and when it began. */
struct process {
	__u64 start;
	__u64 pid;
};

/* Processes whose end was reported: see is_last(). */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct process);
	__type(value, __u8);
} reported SEC(".maps");

/// @export event
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

/*
 * What wait(2) tells the parent (wait_task_zombie() in kernel/exit.c): the exit code of the main thread, which may have ended
 * long ago, unless all threads were ended together. To newer kernels they were when the last one ended.
 */
static __always_inline unsigned int status_of_process(struct task_struct *task)
{
	if (BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT)
		return BPF_CORE_READ(task, signal, group_exit_code);
	return BPF_CORE_READ(task, group_leader, exit_code);
}

/*
 * Whether no thread of the process is left. do_exit() counts the live threads down before the tracepoint fires, so that two
 * threads ending at once may both find none left: the first of them is it. Newer kernels pass on which one it is.
 */
static __always_inline bool is_last(struct trace_event_raw_sched_process_exit *ctx, struct task_struct *task)
{
	struct process process = {};
	__u8 one = 1;

	if (bpf_core_field_exists(ctx->group_dead))
		return BPF_CORE_READ(ctx, group_dead);
	if (BPF_CORE_READ(task, signal, live.counter) != 0)
		return false;
	process.start = BPF_CORE_READ(task, group_leader, start_time);
	process.pid = BPF_CORE_READ(task, tgid);
	return bpf_map_update_elem(&reported, &process, &one, BPF_NOEXIST) == 0;
}

SEC("tp/sched/sched_process_exit")
int handle_exit(struct trace_event_raw_sched_process_exit *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 id = bpf_get_current_pid_tgid();
	struct event *event;
	unsigned int status;
	__u64 start;

	if (!wanted())
		return 0;
	if (threads) {
		status = BPF_CORE_READ(task, exit_code);
		start = BPF_CORE_READ(task, start_time);
	} else {
		if (!is_last(ctx, task))
			return 0;
		status = status_of_process(task);
		start = BPF_CORE_READ(task, group_leader, start_time);
	}
	/* Bits above are the kernel's own. */
	status &= 0xffff;
	if (failed && status == 0)
		return 0;

	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&lost_events, 1);
		return 0;
	}
	event->time = bpf_ktime_get_boot_ns();
	event->duration_ns = bpf_ktime_get_ns() - start;
	event->cgroup = bpf_get_current_cgroup_id();
	event->pid = id >> 32;
	event->ppid = BPF_CORE_READ(task, real_parent, tgid);
	event->tid = id;
	event->uid = bpf_get_current_uid_gid();
	event->status = status;
	event->exit_code = status >> 8;
	event->sig = status & 0x7f;
	event->core_dumped = status & 0x80;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_ringbuf_submit(event, 0);
	return 0;
}
