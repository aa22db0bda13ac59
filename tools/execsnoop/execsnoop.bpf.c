// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "execsnoop.h"
#include "../common/filters.bpf.h"
#include "../common/path.bpf.h"

/* The whole path of a program, and all arguments together with their NULs, that an event has room for. */
#define FILE_MAX 8191
#define ARGS_MAX 16384
/* The arguments of a call that failed are read one by one. */
#define ARGS_COUNT 128

/// Trace programs as they are started, with all their arguments: execve and execveat, and those that fail.
/// @brief Trace programs as they are started
/// @version 1.0
/// @example execsnoop --failed
/// @example execsnoop --fields +file --filter 'args.exists(a, a == "-rf")'
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// @filter pid
/// @ignore
const volatile pid_t pid_target = 0;
/// @filter uid
/// @ignore
const volatile uid_t uid_target = ALL_USERS;
/// @filter comm
/// @ignore
const volatile char comm_target[COMM_LENGTH] = "";
/// @ignore
const volatile bool filter_cg = false;
/// Only children of this process, 0 for all
/// @cmdarg {"long": "ppid", "short": "P"}
const volatile pid_t ppid_target = 0;
/// Only calls that failed
/// @cmdarg {"short": "x"}
const volatile bool failed = false;
/// Only programs that were started, without the calls that failed
const volatile bool started = false;

/* Events that found a map or the ring buffer full. */
__u64 lost_events = 0;

/* A call that has not returned yet. */
struct call {
	const char *file;
	const char *const *args;
	int dirfd;
};

/* By thread. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2048);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps");

/* An event on its way. `length` counts the texts: in memory, for the verifier not to follow every number (see path.bpf.h). */
struct draft {
	unsigned char record[sizeof(struct event) + FILE_MAX + 1 + ARGS_MAX] __attribute__((aligned(8)));
	__u32 length;
};

static __always_inline struct event *event_of(struct draft *draft)
{
	return (struct event *)draft->record;
}

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct draft);
} drafts SEC(".maps");

/// @export event
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

static __always_inline bool wanted(struct task_struct *task)
{
	__u64 id = bpf_get_current_pid_tgid();

	if (pid_target && pid_target != (pid_t)(id >> 32))
		return false;
	if (ppid_target && ppid_target != BPF_CORE_READ(task, real_parent, tgid))
		return false;
	if (uid_target != ALL_USERS && uid_target != (uid_t)bpf_get_current_uid_gid())
		return false;
	if (filter_cg && !in_cgroup())
		return false;
	return comm_is(comm_target);
}

static __always_inline struct draft *new_draft(struct task_struct *task, int ret)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct draft *draft;
	struct event *event;
	__u32 zero = 0;

	draft = bpf_map_lookup_elem(&drafts, &zero);
	if (!draft)
		return 0;
	event = event_of(draft);
	event->time = bpf_ktime_get_boot_ns();
	event->cgroup = bpf_get_current_cgroup_id();
	event->pid = id >> 32;
	event->ppid = BPF_CORE_READ(task, real_parent, tgid);
	event->uid = bpf_get_current_uid_gid();
	event->ret = ret;
	event->args_missing = 0;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	BPF_CORE_READ_STR_INTO(&event->pcomm, task, real_parent, comm);
	return draft;
}

/* Puts the path of the program, which begins at `start` and is `length` bytes long behind TEXT_AT, before all other texts. */
static __always_inline void add_file(struct draft *draft, struct path_buffer *buffer, __u32 start, __u32 length)
{
	__u32 size = (TEXT_AT - start + length) & FILE_MAX;

	bpf_probe_read_kernel(event_of(draft)->texts, size, &buffer->bytes[start & 4095]);
	event_of(draft)->file = size << 16;
	draft->length = size;
}

static __always_inline void send(struct draft *draft)
{
	__u32 file = event_of(draft)->file >> 16;
	__u64 size = *(volatile __u32 *)&draft->length;

	event_of(draft)->args = (size - file) << 16 | file;
	if (size > FILE_MAX + ARGS_MAX)
		size = FILE_MAX + ARGS_MAX;
	if (bpf_ringbuf_output(&events, draft->record, sizeof(struct event) + size, 0))
		__sync_fetch_and_add(&lost_events, 1);
}

static __always_inline int enter(int dirfd, const char *file, const char *const *args)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call call = { .file = file, .args = args, .dirfd = dirfd };

	if (bpf_map_update_elem(&calls, &tid, &call, BPF_ANY))
		__sync_fetch_and_add(&lost_events, 1);
	return 0;
}

/* A program that has been started has its arguments in one piece, at the top of its memory. */
static __always_inline void add_args(struct draft *draft, struct task_struct *task)
{
	unsigned long begin = BPF_CORE_READ(task, mm, arg_start);
	unsigned long end = BPF_CORE_READ(task, mm, arg_end);
	__u64 size = end - begin;
	__u32 at = draft->length & FILE_MAX;

	if (size > ARGS_MAX)
		size = ARGS_MAX;
	if (bpf_probe_read_user(&event_of(draft)->texts[at], size, (const void *)begin))
		size = 0;
	draft->length = at + size;
	event_of(draft)->args_missing = end - begin - size;
}

/* The arguments of a call, as the caller has them: a null pointer ends them. */
static __always_inline void add_args_of_call(struct draft *draft, const struct call *call)
{
	volatile __u32 *length = &draft->length;
	volatile __u32 *missing = &event_of(draft)->args_missing;
	const char *arg;
	__u32 index, at;
	long size;

	for (index = 0; index < ARGS_COUNT; index++) {
		if (bpf_probe_read_user(&arg, sizeof(arg), &call->args[index]) || !arg)
			return;
		at = *length;
		if (at > ARGS_MAX)
			break;
		size = bpf_probe_read_user_str(&event_of(draft)->texts[at], PATH_MAX, arg);
		/* When there is no such program, the kernel does not look at the arguments: some may not be in memory. */
		if (size <= 0) {
			event_of(draft)->texts[at] = '?';
			event_of(draft)->texts[at + 1] = '\0';
			size = 2;
			*missing = 1;
		}
		*length = at + size;
		if (size == PATH_MAX)
			*missing = 1;
	}
	*missing = 1;
}

/* Calls come back only when they failed: else there is no caller any more. */
static __always_inline int leave(struct trace_event_raw_sys_exit *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u32 tid = bpf_get_current_pid_tgid();
	struct call *found = bpf_map_lookup_elem(&calls, &tid);
	struct path_buffer *buffer;
	struct draft *draft;
	struct call call;
	long length;

	if (!found)
		return 0;
	call = *found;
	bpf_map_delete_elem(&calls, &tid);
	if (ctx->ret >= 0 || started || !wanted(task))
		return 0;
	buffer = path_buffer();
	draft = new_draft(task, ctx->ret);
	if (!buffer || !draft)
		return 0;
	length = bpf_probe_read_user_str(&buffer->bytes[TEXT_AT], PATH_MAX, call.file);
	if (length <= 0 || length > PATH_MAX) {
		buffer->bytes[TEXT_AT] = '\0';
		length = 1;
	}
	add_file(draft, buffer, make_absolute(buffer, call.dirfd), length);
	add_args_of_call(draft, &call);
	send(draft);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_execve")
int enter_execve(struct trace_event_raw_sys_enter *ctx)
{
	return enter(AT_FDCWD, (const char *)ctx->args[0], (const char *const *)ctx->args[1]);
}

SEC("tracepoint/syscalls/sys_exit_execve")
int exit_execve(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx);
}

SEC("tracepoint/syscalls/sys_enter_execveat")
int enter_execveat(struct trace_event_raw_sys_enter *ctx)
{
	return enter(ctx->args[0], (const char *)ctx->args[1], (const char *const *)ctx->args[2]);
}

SEC("tracepoint/syscalls/sys_exit_execveat")
int exit_execveat(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx);
}

/* execveat and fexecve without a path: the kernel makes up "/dev/fd/3" (fs/exec.c, alloc_bprm). */
static __always_inline bool is_descriptor(const char *path)
{
	const char prefix[] = "/dev/fd/";
	int index;

	for (index = 0; index < sizeof(prefix) - 1; index++)
		if (path[index] != prefix[index])
			return false;
	return true;
}

/* A program was started, whichever call asked for it, a 32-bit program's too. */
SEC("tracepoint/sched/sched_process_exec")
int start_program(struct trace_event_raw_sched_process_exec *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	const char *file = (const char *)ctx + (ctx->__data_loc_filename & 0xffff);
	/* A thread that executes a program becomes the process's first: it has another number now. */
	__u32 old_tid = ctx->old_pid;
	__u32 start = TEXT_AT;
	struct path_buffer *buffer;
	struct draft *draft;
	struct file *exe;
	long length;

	bpf_map_delete_elem(&calls, &old_tid);
	if (failed || !wanted(task))
		return 0;
	buffer = path_buffer();
	draft = new_draft(task, 0);
	if (!buffer || !draft)
		return 0;
	length = bpf_probe_read_kernel_str(&buffer->bytes[TEXT_AT], PATH_MAX, file);
	if (length <= 0 || length > PATH_MAX || is_descriptor(&buffer->bytes[TEXT_AT])) {
		buffer->bytes[TEXT_AT] = '\0';
		length = 1;
		exe = BPF_CORE_READ(task, mm, exe_file);
		start = write_path_before(buffer, TEXT_AT, &exe->f_path);
	} else
		start = make_absolute(buffer, AT_FDCWD);
	add_file(draft, buffer, start, length);
	add_args(draft, task);
	send(draft);
	return 0;
}

/* A thread that dies inside a call never returns from it, and its number will belong to another. */
SEC("tracepoint/sched/sched_process_exit")
int forget_thread(void *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&calls, &tid);
	return 0;
}
