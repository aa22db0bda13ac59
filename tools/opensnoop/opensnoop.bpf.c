// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "opensnoop.h"
#include "../common/process-filter.bpf.h"
#include "../common/search.bpf.h"

#define O_WRONLY 01
#define O_CREAT 0100
#define O_TRUNC 01000

/* include/uapi/linux/io_uring.h */
#define IORING_OPENAT 18
#define IORING_OPENAT2 28

/// Trace who opens which file, and what came of it: open, openat, openat2, creat, open_by_handle_at, and io_uring.
/// @brief Trace files as they are opened
/// @version 1.0
/// @example opensnoop --failed
/// @example opensnoop --path /etc/ --comm nginx
/// @example opensnoop --fields +latency_ns,+ppid --filter 'latency_ns > 1000000'
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// Only calls that failed
/// @cmdarg {"short": "x"}
const volatile bool failed = false;

/* Events that found a map or the ring buffer full. */
__u64 lost_events = 0;

/* A call that has not returned yet. */
struct call {
	const char *path;
	__u64 since;
	int dirfd;
	unsigned int flags;
	unsigned int mode;
	/* The caller names the file with a handle (name_to_handle_at(2)), not with a path. */
	bool by_handle;
};

/* By thread. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps");

/* By request of an io_uring: the address of its struct io_kiocb. The kernel may forget to complete one; the oldest goes. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct call);
} requests SEC(".maps");

/// @export event
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} events SEC(".maps");

static __always_inline int enter(const char *path, int dirfd, unsigned int flags, unsigned int mode, bool by_handle)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call call = {
		.path = path,
		.dirfd = dirfd,
		.flags = flags,
		.mode = mode,
		.by_handle = by_handle,
	};

	if (!wanted())
		return 0;
	call.since = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&calls, &tid, &call, BPF_ANY))
		__sync_fetch_and_add(&lost_events, 1);
	return 0;
}

/* A call that has returned, on its way from the program that saw it to the one that reports it. */
struct returned {
	struct call call;
	/* A descriptor, or negative. */
	int result;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct returned);
} returns SEC(".maps");

/*
 * All system calls share one program that reports, and the verifier looks at it but once: that is most of what starting this
 * tool takes.
 */
int report(void *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} programs SEC(".maps") = {
	.values = { (void *)&report },
};

/* The path is read when the call has returned: the kernel has touched its pages by then. */
/// @attach false
SEC("tracepoint")
int report(void *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 id = bpf_get_current_pid_tgid();
	struct path_buffer *buffer = path_buffer();
	__u32 start = TEXT_AT, zero = 0, size;
	struct event event = {};
	struct returned *returned;
	struct call *call;
	struct file *file;
	long length;
	int result;

	returned = bpf_map_lookup_elem(&returns, &zero);
	if (!buffer || !returned)
		return 0;
	call = &returned->call;
	result = returned->result;
	length = call->by_handle ? 0 : bpf_probe_read_user_str(&buffer->bytes[TEXT_AT], PATH_MAX, call->path);
	if (length <= 0 || length > PATH_MAX) {
		buffer->bytes[TEXT_AT] = '\0';
		length = 1;
	}
	file = call->by_handle && result >= 0 ? file_of(result) : 0;
	if (file)
		start = write_path_before(TEXT_AT, (__u64)&file->f_path);
	else
		start = make_absolute(buffer, call->dirfd);
	if (path_text[0] && !has_path_text(start))
		return 0;

	event.time = bpf_ktime_get_boot_ns();
	event.latency_ns = bpf_ktime_get_ns() - call->since;
	event.cgroup = bpf_get_current_cgroup_id();
	event.pid = id >> 32;
	event.tid = id;
	event.ppid = BPF_CORE_READ(task, real_parent, tgid);
	event.uid = bpf_get_current_uid_gid();
	event.fd = result < 0 ? -1 : result;
	event.err = result < 0 ? -result : 0;
	event.flags = call->flags;
	event.mode = call->mode;
	bpf_get_current_comm(event.comm, sizeof(event.comm));

	size = TEXT_AT - start + length + sizeof(event);
	start -= sizeof(event);
	bpf_probe_read_kernel(&buffer->bytes[start & 4095], sizeof(event), &event);
	if (bpf_ringbuf_output(&events, &buffer->bytes[start & 4095], size & 8191, 0))
		__sync_fetch_and_add(&lost_events, 1);
	return 0;
}

/* The call has its result: goes on in `report`, and does not come back. */
static __always_inline int leave(void *ctx, void *map, const void *key, int result)
{
	struct call *call = bpf_map_lookup_elem(map, key);
	struct returned *returned;
	__u32 zero = 0;

	returned = bpf_map_lookup_elem(&returns, &zero);
	if (!call || !returned)
		return 0;
	returned->call = *call;
	returned->result = result;
	bpf_map_delete_elem(map, key);
	if (failed && result >= 0)
		return 0;
	bpf_tail_call(ctx, &programs, 0);
	__sync_fetch_and_add(&lost_events, 1);
	return 0;
}

static __always_inline int leave_call(struct trace_event_raw_sys_exit *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();

	return leave(ctx, &calls, &tid, ctx->ret);
}

/* arm64 and riscv have neither open nor creat. */
/// @optional
SEC("tracepoint/syscalls/sys_enter_open")
int enter_open(struct trace_event_raw_sys_enter *ctx)
{
	return enter((const char *)ctx->args[0], AT_FDCWD, ctx->args[1], ctx->args[2], false);
}

/// @optional
SEC("tracepoint/syscalls/sys_exit_open")
int exit_open(struct trace_event_raw_sys_exit *ctx)
{
	return leave_call(ctx);
}

/// @optional
SEC("tracepoint/syscalls/sys_enter_creat")
int enter_creat(struct trace_event_raw_sys_enter *ctx)
{
	return enter((const char *)ctx->args[0], AT_FDCWD, O_CREAT | O_WRONLY | O_TRUNC, ctx->args[1], false);
}

/// @optional
SEC("tracepoint/syscalls/sys_exit_creat")
int exit_creat(struct trace_event_raw_sys_exit *ctx)
{
	return leave_call(ctx);
}

SEC("tracepoint/syscalls/sys_enter_openat")
int enter_openat(struct trace_event_raw_sys_enter *ctx)
{
	return enter((const char *)ctx->args[1], ctx->args[0], ctx->args[2], ctx->args[3], false);
}

SEC("tracepoint/syscalls/sys_exit_openat")
int exit_openat(struct trace_event_raw_sys_exit *ctx)
{
	return leave_call(ctx);
}

/* openat2 came with Linux 5.6. */
/// @optional
SEC("tracepoint/syscalls/sys_enter_openat2")
int enter_openat2(struct trace_event_raw_sys_enter *ctx)
{
	struct open_how how = {};

	bpf_probe_read_user(&how, sizeof(how), (void *)ctx->args[2]);
	return enter((const char *)ctx->args[1], ctx->args[0], how.flags, how.mode, false);
}

/// @optional
SEC("tracepoint/syscalls/sys_exit_openat2")
int exit_openat2(struct trace_event_raw_sys_exit *ctx)
{
	return leave_call(ctx);
}

/// @optional
SEC("tracepoint/syscalls/sys_enter_open_by_handle_at")
int enter_open_by_handle_at(struct trace_event_raw_sys_enter *ctx)
{
	return enter(0, AT_FDCWD, ctx->args[2], 0, true);
}

/// @optional
SEC("tracepoint/syscalls/sys_exit_open_by_handle_at")
int exit_open_by_handle_at(struct trace_event_raw_sys_exit *ctx)
{
	return leave_call(ctx);
}

/* A thread that dies inside a call never returns from it, and its number will belong to another. */
SEC("tracepoint/sched/sched_process_exit")
int forget_thread(void *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&calls, &tid);
	return 0;
}

/* Since Linux 6.3 under this name. What a request is about lies at its begin (io_uring/openclose.c). */
/// @optional
SEC("tracepoint/io_uring/io_uring_submit_req")
int submit_request(struct trace_event_raw_io_uring_submit_req *ctx)
{
	struct io_open *open = ctx->req;
	__u64 key = (__u64)ctx->req;
	struct call call = {};

	if (ctx->opcode != IORING_OPENAT && ctx->opcode != IORING_OPENAT2)
		return 0;
	if (!wanted())
		return 0;
	call.path = BPF_CORE_READ(open, filename, uptr);
	call.dirfd = BPF_CORE_READ(open, dfd);
	call.flags = BPF_CORE_READ(open, how.flags);
	call.mode = BPF_CORE_READ(open, how.mode);
	call.since = bpf_ktime_get_ns();
	bpf_map_update_elem(&requests, &key, &call, BPF_ANY);
	return 0;
}

/* Workers of a ring share the memory of its owner. */
/// @optional
SEC("tracepoint/io_uring/io_uring_complete")
int complete_request(struct trace_event_raw_io_uring_complete *ctx)
{
	__u64 key = (__u64)ctx->req;

	return leave(ctx, &requests, &key, ctx->res);
}
