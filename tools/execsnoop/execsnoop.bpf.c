// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "execsnoop.h"
#include "../common/path.bpf.h"
#include "../common/process-filter.bpf.h"

/* include/uapi/asm-generic/errno-base.h */
#define ENOENT 2
/* All arguments together with their NULs, and the whole path of a program, that an event has room for. */
#define ARGS_MAX 16384
#define FILE_MAX 8191
/* The arguments of a call that failed are read one by one: so many in one go, and in so many goes. */
#define ARGS_AT_ONCE 32
#define ARGS_GOES 16

/// Trace programs as they are started, with all their arguments: execve and execveat, and those that fail.
/// @brief Trace programs as they are started
/// @version 1.0
/// @example execsnoop --failed --filter 'ret < 0'
/// @example execsnoop --fields +file --filter 'args.exists(a, a == "-rf")'
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// Only children of this process, 0 for all
/// @cmdarg {"long": "ppid", "short": "P"}
const volatile pid_t ppid_target = 0;
/// All calls that failed, and their files: also those that found none (ENOENT), as a search through PATH makes them
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

/*
 * An event on its way from one program to the next. All numbers are in memory, for the verifier not to follow each of their
 * values (see path.bpf.h).
 */
struct draft {
	unsigned char record[sizeof(struct event) + ARGS_MAX + FILE_MAX + 1] __attribute__((aligned(8)));
	/* Bytes of arguments, the first of the texts. */
	__u32 args_length;
	/* Bytes of the program's name at TEXT_AT of the path buffer, with its NUL, and what it is relative to. */
	__u32 file_length;
	int dirfd;
	/* The program has no name that means anything: its path is that of the file which is executed. */
	bool is_descriptor;
	/* Of a call that failed: its next argument. Null when all arguments are there. */
	const char *const *args;
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

static __always_inline bool wanted_child(struct task_struct *task)
{
	return wanted() && (!ppid_target || ppid_target == BPF_CORE_READ(task, real_parent, tgid));
}

static __always_inline struct draft *this_draft(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&drafts, &zero);
}

static __always_inline struct draft *new_draft(struct task_struct *task, int ret)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct draft *draft = this_draft();
	struct event *event;

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
	draft->args_length = 0;
	draft->dirfd = AT_FDCWD;
	draft->is_descriptor = false;
	draft->args = 0;
	return draft;
}

/*
 * All that makes events share one program that sends them, and the verifier looks at it but once: that is most of what starting
 * this tool takes.
 */
int send(void *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} programs SEC(".maps") = {
	.values = { (void *)&send },
};

/* Goes on in `send`, and does not come back. */
static __always_inline int go_on(void *ctx)
{
	bpf_tail_call(ctx, &programs, 0);
	__sync_fetch_and_add(&lost_events, 1);
	return 0;
}

static __always_inline int enter(int dirfd, const char *file, const char *const *args)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call call = { .file = file, .args = args, .dirfd = dirfd };

	if (bpf_map_update_elem(&calls, &tid, &call, BPF_ANY))
		__sync_fetch_and_add(&lost_events, 1);
	return 0;
}

/* Calls come back only when they failed: else there is no caller any more. */
static __always_inline int leave(struct trace_event_raw_sys_exit *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u32 tid = bpf_get_current_pid_tgid();
	struct call *found = bpf_map_lookup_elem(&calls, &tid);
	struct path_buffer *buffer = path_buffer();
	struct draft *draft;
	struct call call;
	long length;

	if (!found || !buffer)
		return 0;
	call = *found;
	bpf_map_delete_elem(&calls, &tid);
	if (ctx->ret >= 0 || started || (ctx->ret == -ENOENT && !failed) || !wanted_child(task))
		return 0;
	draft = new_draft(task, ctx->ret);
	if (!draft)
		return 0;
	length = bpf_probe_read_user_str(&buffer->bytes[TEXT_AT], PATH_MAX, call.file);
	if (length <= 0) {
		buffer->bytes[TEXT_AT] = '\0';
		length = 1;
	}
	draft->file_length = length;
	draft->dirfd = call.dirfd;
	draft->args = call.args;
	return go_on(ctx);
}

enum { ARGUMENTS_GO_ON, ARGUMENTS_END };

/*
 * Reads one more argument of a call that failed, as the caller has them: a null pointer ends them. Not static, for the verifier
 * to look at it once, and not at each argument.
 */
__noinline int read_argument(void)
{
	struct draft *draft = this_draft();
	struct event *event;
	const char *arg;
	__u32 at;
	long size;

	if (!draft)
		return ARGUMENTS_END;
	event = event_of(draft);
	if (bpf_probe_read_user(&arg, sizeof(arg), draft->args) || !arg)
		return ARGUMENTS_END;
	at = draft->args_length;
	if (at > ARGS_MAX - PATH_MAX) {
		event->args_missing = 1;
		return ARGUMENTS_END;
	}
	size = bpf_probe_read_user_str(&event->texts[at], PATH_MAX, arg);
	/* When there is no such program, the kernel does not look at the arguments: some may not be in memory. */
	if (size <= 0) {
		event->texts[at] = '?';
		event->texts[at + 1] = '\0';
		size = 2;
		event->args_missing = 1;
	}
	if (size == PATH_MAX)
		event->args_missing = 1;
	draft->args_length = at + size;
	draft->args++;
	return ARGUMENTS_GO_ON;
}

/* Some of them. The verifier follows two short loops with less work than one long one. */
__noinline int read_arguments(void)
{
	int index;

	for (index = 0; index < ARGS_AT_ONCE; index++)
		if (read_argument() == ARGUMENTS_END)
			return ARGUMENTS_END;
	return ARGUMENTS_GO_ON;
}

/* Adds what is still missing: the arguments of a call that failed, and the program's whole path. */
/// @attach false
SEC("tracepoint")
int send(void *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct path_buffer *buffer = path_buffer();
	struct draft *draft = this_draft();
	__u32 start, file_size;
	__u64 args_size;
	struct file *exe;
	int go;

	if (!buffer || !draft)
		return 0;
	if (draft->args) {
		for (go = 0; go < ARGS_GOES; go++)
			if (read_arguments() == ARGUMENTS_END)
				break;
		if (go == ARGS_GOES)
			event_of(draft)->args_missing = 1;
	}
	if (draft->is_descriptor) {
		exe = BPF_CORE_READ(task, mm, exe_file);
		start = write_path_before(TEXT_AT, (__u64)&exe->f_path);
	} else
		start = make_absolute(buffer, draft->dirfd);
	file_size = (TEXT_AT - start + draft->file_length) & FILE_MAX;
	args_size = draft->args_length;
	if (args_size > ARGS_MAX)
		args_size = ARGS_MAX;
	event_of(draft)->args = args_size << 16;
	event_of(draft)->file = file_size << 16 | args_size;
	bpf_probe_read_kernel(&event_of(draft)->texts[args_size], file_size, &buffer->bytes[start & 4095]);
	if (bpf_ringbuf_output(&events, draft->record, sizeof(struct event) + args_size + file_size, 0))
		__sync_fetch_and_add(&lost_events, 1);
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
	struct path_buffer *buffer = path_buffer();
	unsigned long args, all;
	struct draft *draft;
	__u64 size;
	long length;

	bpf_map_delete_elem(&calls, &old_tid);
	if (!buffer || !wanted_child(task))
		return 0;
	draft = new_draft(task, 0);
	if (!draft)
		return 0;
	length = bpf_probe_read_kernel_str(&buffer->bytes[TEXT_AT], PATH_MAX, file);
	if (length <= 0 || is_descriptor(&buffer->bytes[TEXT_AT])) {
		buffer->bytes[TEXT_AT] = '\0';
		length = 1;
		draft->is_descriptor = true;
	}
	draft->file_length = length;
	/* It has its arguments in one piece, at the top of its memory. */
	args = BPF_CORE_READ(task, mm, arg_start);
	all = BPF_CORE_READ(task, mm, arg_end) - args;
	size = all > ARGS_MAX ? ARGS_MAX : all;
	if (bpf_probe_read_user(event_of(draft)->texts, size, (const void *)args))
		size = 0;
	draft->args_length = size;
	event_of(draft)->args_missing = all - size;
	return go_on(ctx);
}

/* A thread that dies inside a call never returns from it, and its number will belong to another. */
SEC("tracepoint/sched/sched_process_exit")
int forget_thread(void *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&calls, &tid);
	return 0;
}
