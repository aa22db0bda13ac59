// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "bootstrap.h"

#define FILENAME_MAX 4096

/// Trace programs as they begin and end, in one stream, and how long they ran.
/// @brief Trace programs as they begin and end
/// @version 1.0
/// @example bootstrap --min-duration-ms 100
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// Only ends, of programs that ran so long or longer
/// @cmdarg {"long": "min-duration-ms", "short": "d"}
/// @format duration ms
const volatile __u64 min_duration_ms = 0;

/* Events that found a map or the ring buffer full. */
__u64 lost_events = 0;

/* When the program of a process began. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, pid_t);
	__type(value, __u64);
} begins SEC(".maps");

/* An event with its file name: too much for the stack of a program. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8[sizeof(struct event) + FILENAME_MAX]);
} drafts SEC(".maps");

/// @export event
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

static __always_inline void fill(struct event *event, bool exit_event)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	event->time = bpf_ktime_get_boot_ns();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->ppid = BPF_CORE_READ(task, real_parent, tgid);
	event->exit_event = exit_event;
	event->duration_ns = 0;
	event->status = 0;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
}

SEC("tp/sched/sched_process_exec")
int handle_exec(struct trace_event_raw_sched_process_exec *ctx)
{
	pid_t pid = bpf_get_current_pid_tgid() >> 32;
	__u64 now = bpf_ktime_get_ns();
	struct event *event;
	__u32 zero = 0;
	__u64 length;

	if (bpf_map_update_elem(&begins, &pid, &now, BPF_ANY))
		__sync_fetch_and_add(&lost_events, 1);
	if (min_duration_ms)
		return 0;
	event = bpf_map_lookup_elem(&drafts, &zero);
	if (!event)
		return 0;
	fill(event, false);
	length = bpf_probe_read_kernel_str(event->filename, FILENAME_MAX, (void *)ctx + (ctx->__data_loc_filename & 0xffff));
	if (length > FILENAME_MAX)
		length = 0;
	if (bpf_ringbuf_output(&events, event, sizeof(*event) + length, 0))
		__sync_fetch_and_add(&lost_events, 1);
	return 0;
}

SEC("tp/sched/sched_process_exit")
int handle_exit(void *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 id = bpf_get_current_pid_tgid();
	pid_t pid = id >> 32;
	struct event event = {};
	__u64 *begin, duration;

	/* A process ends with its main thread; exitsnoop knows of processes that outlive theirs. */
	if (pid != (pid_t)id)
		return 0;
	begin = bpf_map_lookup_elem(&begins, &pid);
	/* A program that runs since before we do, or a process that never executed one: its whole life. */
	duration = bpf_ktime_get_ns() - (begin ? *begin : BPF_CORE_READ(task, start_time));
	if (begin)
		bpf_map_delete_elem(&begins, &pid);
	if (duration / 1000000 < min_duration_ms)
		return 0;
	fill(&event, true);
	event.duration_ns = duration;
	event.status = BPF_CORE_READ(task, exit_code) & 0xffff;
	if (bpf_ringbuf_output(&events, &event, sizeof(event), 0))
		__sync_fetch_and_add(&lost_events, 1);
	return 0;
}
