// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "sigsnoop.h"

/// @description Trace signals sent with kill, tkill and tgkill: from whom, to whom, and the result.
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// @description "Process ID of the sender, 0 for all"
const volatile pid_t filtered_pid = 0;
/// @description "Signal number to trace, 0 for all"
const volatile int target_signal = 0;
/// @description "Trace only calls that failed"
const volatile bool failed_only = false;

/* Events that found a map or the ring buffer full. */
__u64 lost_events = 0;

struct call {
	int tpid;
	int sig;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

static __always_inline int enter(int tpid, int sig)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct call call = { .tpid = tpid, .sig = sig };
	__u32 tid = id;

	if (filtered_pid && filtered_pid != (pid_t)(id >> 32))
		return 0;
	if (target_signal && target_signal != sig)
		return 0;
	if (bpf_map_update_elem(&calls, &tid, &call, BPF_ANY))
		__sync_fetch_and_add(&lost_events, 1);
	return 0;
}

static __always_inline int leave(struct trace_event_raw_sys_exit *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tid = id;
	struct call *found = bpf_map_lookup_elem(&calls, &tid);
	struct event *event;
	struct call call;
	int ret = ctx->ret;

	if (!found)
		return 0;
	call = *found;
	bpf_map_delete_elem(&calls, &tid);
	if (failed_only && ret >= 0)
		return 0;

	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&lost_events, 1);
		return 0;
	}
	event->pid = id >> 32;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	event->sig = call.sig;
	event->tpid = call.tpid;
	event->ret = ret;
	bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_kill")
int enter_kill(struct trace_event_raw_sys_enter *ctx)
{
	return enter(ctx->args[0], ctx->args[1]);
}

SEC("tracepoint/syscalls/sys_exit_kill")
int exit_kill(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx);
}

SEC("tracepoint/syscalls/sys_enter_tkill")
int enter_tkill(struct trace_event_raw_sys_enter *ctx)
{
	return enter(ctx->args[0], ctx->args[1]);
}

SEC("tracepoint/syscalls/sys_exit_tkill")
int exit_tkill(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx);
}

SEC("tracepoint/syscalls/sys_enter_tgkill")
int enter_tgkill(struct trace_event_raw_sys_enter *ctx)
{
	return enter(ctx->args[1], ctx->args[2]);
}

SEC("tracepoint/syscalls/sys_exit_tgkill")
int exit_tgkill(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx);
}
