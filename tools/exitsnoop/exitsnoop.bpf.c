// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "exitsnoop.h"

/// @description Trace processes as they end: exit code or signal, and how long they lived.
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// @description "Process ID to trace, 0 for all"
const volatile pid_t pid_target = 0;
/// @description "Trace only processes that failed: an exit code other than 0, or a signal"
const volatile bool failed = false;

/* Events that found the ring buffer full. */
__u64 lost_events = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

/* The code that the parent will see. exit_group(2) leaves it in the signal struct, kernel/exit.c. */
static __always_inline int code_of(struct task_struct *task)
{
	int group = BPF_CORE_READ(task, signal, group_exit_code);

	return group ? group : BPF_CORE_READ(task, exit_code);
}

/*
 * Runs for every thread. The process ends with the one that brings the count of live threads to zero;
 * do_exit() takes it down before the tracepoint fires. The last one may not be the main thread.
 */
SEC("tp/sched/sched_process_exit")
int handle_exit(void *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	pid_t pid = bpf_get_current_pid_tgid() >> 32;
	struct event *event;
	int code;

	if (BPF_CORE_READ(task, signal, live.counter) != 0)
		return 0;
	if (pid_target && pid_target != pid)
		return 0;
	code = code_of(task);
	if (failed && code == 0)
		return 0;

	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&lost_events, 1);
		return 0;
	}
	event->pid = pid;
	event->ppid = BPF_CORE_READ(task, real_parent, tgid);
	event->exit_code = (code >> 8) & 0xff;
	event->sig = code & 0x7f;
	event->duration_ns = bpf_ktime_get_ns() - BPF_CORE_READ(task, group_leader, start_time);
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_ringbuf_submit(event, 0);
	return 0;
}
