// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "execsnoop.h"

#define ALL_USERS ((uid_t)-1)

/// @description Trace programs as they are started.
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// @description "Parent process ID to trace, 0 for all"
const volatile pid_t ppid_target = 0;
/// @description "User ID to trace, 4294967295 for all"
const volatile uid_t uid_target = ALL_USERS;

/* The event is larger than half the BPF stack: it is put together in a map. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct event);
} scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

SEC("tracepoint/sched/sched_process_exec")
int handle_exec(struct trace_event_raw_sched_process_exec *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	uid_t uid = bpf_get_current_uid_gid();
	pid_t ppid = BPF_CORE_READ(task, real_parent, tgid);
	unsigned int where = ctx->__data_loc_filename & 0xffff;
	struct event *event;
	__u32 zero = 0;

	if (ppid_target && ppid_target != ppid)
		return 0;
	if (uid_target != ALL_USERS && uid_target != uid)
		return 0;
	event = bpf_map_lookup_elem(&scratch, &zero);
	if (!event)
		return 0;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->ppid = ppid;
	event->uid = uid;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_probe_read_kernel_str(event->filename, sizeof(event->filename), (void *)ctx + where);
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, event, sizeof(*event));
	return 0;
}
