// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "opensnoop.h"

#define O_WRONLY 01
#define O_CREAT 0100
#define O_TRUNC 01000
#define ALL_USERS ((uid_t)-1)

/// @description Trace open, openat, openat2 and creat: who opens which file, and what came of it.
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// @description "Process ID to trace, 0 for all"
const volatile pid_t pid_target = 0;
/// @description "Thread ID to trace, 0 for all"
const volatile pid_t tid_target = 0;
/// @description "User ID to trace, 4294967295 for all"
const volatile uid_t uid_target = ALL_USERS;
/// @description "Trace only calls that failed"
const volatile bool failed = false;

/* Events that found the ring buffer full. */
__u64 lost_events = 0;

struct call {
	const char *path;
	unsigned int flags;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

static __always_inline bool wanted(__u64 id)
{
	if (pid_target && pid_target != (pid_t)(id >> 32))
		return false;
	if (tid_target && tid_target != (pid_t)id)
		return false;
	return uid_target == ALL_USERS || uid_target == (uid_t)bpf_get_current_uid_gid();
}

static __always_inline int enter(const char *path, unsigned int flags)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tid = id;
	struct call call = { .path = path, .flags = flags };

	if (wanted(id) && bpf_map_update_elem(&calls, &tid, &call, BPF_ANY))
		__sync_fetch_and_add(&lost_events, 1);
	return 0;
}

/* The path is read when the call returns: the kernel has touched its pages by then. */
static __always_inline int leave(struct trace_event_raw_sys_exit *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tid = id;
	struct call *found = bpf_map_lookup_elem(&calls, &tid);
	struct event *event;
	struct call call;
	long ret = ctx->ret;

	if (!found)
		return 0;
	call = *found;
	bpf_map_delete_elem(&calls, &tid);
	if (failed && ret >= 0)
		return 0;

	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&lost_events, 1);
		return 0;
	}
	event->pid = id >> 32;
	event->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	event->fd = ret < 0 ? -1 : ret;
	event->err = ret < 0 ? -ret : 0;
	event->flags = call.flags;
	if (bpf_probe_read_user_str(event->path, sizeof(event->path), call.path) < 0)
		event->path[0] = '\0';
	bpf_ringbuf_submit(event, 0);
	return 0;
}

/* arm64 and riscv have neither open nor creat. */
/// @optional true
SEC("tracepoint/syscalls/sys_enter_open")
int enter_open(struct trace_event_raw_sys_enter *ctx)
{
	return enter((const char *)ctx->args[0], ctx->args[1]);
}

/// @optional true
SEC("tracepoint/syscalls/sys_exit_open")
int exit_open(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx);
}

/// @optional true
SEC("tracepoint/syscalls/sys_enter_creat")
int enter_creat(struct trace_event_raw_sys_enter *ctx)
{
	return enter((const char *)ctx->args[0], O_CREAT | O_WRONLY | O_TRUNC);
}

/// @optional true
SEC("tracepoint/syscalls/sys_exit_creat")
int exit_creat(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx);
}

SEC("tracepoint/syscalls/sys_enter_openat")
int enter_openat(struct trace_event_raw_sys_enter *ctx)
{
	return enter((const char *)ctx->args[1], ctx->args[2]);
}

SEC("tracepoint/syscalls/sys_exit_openat")
int exit_openat(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx);
}

/* openat2 came with Linux 5.6. Its first member of struct open_how is the flags. */
/// @optional true
SEC("tracepoint/syscalls/sys_enter_openat2")
int enter_openat2(struct trace_event_raw_sys_enter *ctx)
{
	__u64 flags = 0;

	bpf_probe_read_user(&flags, sizeof(flags), (void *)ctx->args[2]);
	return enter((const char *)ctx->args[1], flags);
}

/// @optional true
SEC("tracepoint/syscalls/sys_exit_openat2")
int exit_openat2(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx);
}
