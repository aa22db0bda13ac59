// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "sigsnoop.h"
#include "../common/process-filter.bpf.h"
#include "../common/find-task.bpf.h"
#include "../common/open-file.bpf.h"

/* si_code of signals without any further word: sent by a process, or by the kernel (include/uapi/asm-generic/siginfo.h). */
#define SI_USER 0
#define SI_KERNEL 0x80

/* include/uapi/asm-generic/errno-base.h */
#define EBADF 9

/// Trace signals: who sends which to whom, how, and what comes of it. All of them, those that the kernel sends by itself,
/// real-time signals and calls that fail.
/// @brief Trace signals as they are sent
/// @version 1.0
/// @example sigsnoop --signal SIGKILL,SIGTERM
/// @example sigsnoop --target 1234 --sent
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// Only signals to this process, 0 for all
/// @cmdarg {"short": "t"}
const volatile pid_t target = 0;
/// Only signals to processes of this name
/// @cmdarg {"long": "target-comm"}
const volatile char target_comm[COMM_LENGTH] = "";
/// Only what failed
/// @cmdarg {"short": "x"}
const volatile bool failed = false;
/// Only what processes send with a system call, and not the kernel by itself
/// @cmdarg {"short": "k"}
const volatile bool sent = false;
/// @ignore
const volatile bool filter_signals = false;

/// Only these signals, by name or number
/// @cmdarg {"long": "signal", "short": "s", "enables": "filter_signals"}
/// @format key signal
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65);
	__type(key, int);
	__type(value, __u8);
} signals SEC(".maps");

/* Events that found a map or the ring buffer full. */
__u64 lost_events = 0;

enum way { BY_KILL, BY_TKILL, BY_TGKILL, BY_RT_SIGQUEUEINFO, BY_RT_TGSIGQUEUEINFO, BY_PIDFD_SEND_SIGNAL, BY_KERNEL };

static const char WAYS[][20] = {
	[BY_KILL] = "kill",
	[BY_TKILL] = "tkill",
	[BY_TGKILL] = "tgkill",
	[BY_RT_SIGQUEUEINFO] = "rt_sigqueueinfo",
	[BY_RT_TGSIGQUEUEINFO] = "rt_tgsigqueueinfo",
	[BY_PIDFD_SEND_SIGNAL] = "pidfd_send_signal",
	[BY_KERNEL] = "kernel",
};

/* A call that has not returned yet. */
struct call {
	/* A process, thread, group or descriptor. */
	int target;
	int sig;
	enum way way;
	/* Of the last signal that it has sent so far. */
	enum signal_result result;
};

/* By thread. Nobody sleeps in such a call: threads are running, or were interrupted for a moment. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2048);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps");

/// @export event
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

static __always_inline bool signal_wanted(int sig)
{
	return !filter_signals || bpf_map_lookup_elem(&signals, &sig);
}

/* `task` is the target, or null when there is none; then `named` is what the caller named. */
static __always_inline void report(struct task_struct *task, int named, int sig, int code, int result, enum way way)
{
	__u64 id = bpf_get_current_pid_tgid();
	char tcomm[COMM_LENGTH] = {};
	int tpid = named, ttid = named;
	struct event *event;

	if (task) {
		tpid = BPF_CORE_READ(task, tgid);
		ttid = BPF_CORE_READ(task, pid);
		BPF_CORE_READ_STR_INTO(&tcomm, task, comm);
	}
	if (target && target != tpid)
		return;
	if (target_comm[0] && !same_comm(tcomm, target_comm))
		return;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&lost_events, 1);
		return;
	}
	event->time = bpf_ktime_get_boot_ns();
	event->cgroup = bpf_get_current_cgroup_id();
	event->pid = id >> 32;
	event->tid = id;
	event->uid = bpf_get_current_uid_gid();
	event->sig = sig;
	event->code = code;
	event->tpid = tpid;
	event->ttid = ttid;
	event->result = result;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	__builtin_memcpy(event->tcomm, tcomm, sizeof(tcomm));
	if (way > BY_KERNEL)
		way = BY_KERNEL;
	bpf_probe_read_kernel(event->via, sizeof(event->via), WAYS[way]);
	bpf_ringbuf_submit(event, 0);
}

/* Every signal comes by here, unless the call that should send it fails before. */
SEC("tp_btf/signal_generate")
int BPF_PROG(generate, int sig, struct kernel_siginfo *info, struct task_struct *task, int group, int result)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call *call = bpf_map_lookup_elem(&calls, &tid);
	enum way way = BY_KERNEL;
	int code;

	/* A signal in the middle of a call, but not its own: a timer's, or that of a page without memory behind it. */
	if (call && call->sig == sig) {
		call->result = result;
		way = call->way;
	}
	if (sent && way == BY_KERNEL)
		return 0;
	if (failed && result != QUEUE_FULL)
		return 0;
	if (!signal_wanted(sig) || !wanted())
		return 0;
	/* SEND_SIG_NOINFO and SEND_SIG_PRIV of include/linux/sched/signal.h are no addresses. */
	code = (unsigned long)info == 0 ? SI_USER : (unsigned long)info == 1 ? SI_KERNEL : BPF_CORE_READ(info, si_code);
	report(task, 0, sig, code, result, way);
	return 0;
}

static __always_inline int enter(int target, int sig, enum way way)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call call = { .target = target, .sig = sig, .way = way, .result = NOTHING };

	if (bpf_map_update_elem(&calls, &tid, &call, BPF_ANY))
		__sync_fetch_and_add(&lost_events, 1);
	return 0;
}

/* The process behind a pidfd: kept by the inode since Linux 6.9 (fs/pidfs.c), by the file before (kernel/fork.c). */
static __always_inline struct task_struct *task_of_pidfd(int fd)
{
	struct file *file = file_of(fd);
	struct pid *pid;

	if (!file)
		return 0;
	pid = BPF_CORE_READ(file, private_data);
	if (!pid)
		pid = BPF_CORE_READ(file, f_inode, i_private);
	return first_task(pid);
}

/* Calls that sent no signal: those that failed, and those that only asked whether the target is there. */
static __always_inline int leave(struct trace_event_raw_sys_exit *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call *found = bpf_map_lookup_elem(&calls, &tid);
	struct task_struct *task;
	struct call call;
	int ret = ctx->ret;

	if (!found)
		return 0;
	call = *found;
	bpf_map_delete_elem(&calls, &tid);
	if (call.result != NOTHING || (ret >= 0 && (failed || call.sig != 0)))
		return 0;
	if (!signal_wanted(call.sig) || !wanted())
		return 0;
	/* What is no open pidfd is no process either. */
	if (call.way == BY_PIDFD_SEND_SIGNAL)
		task = ret == -EBADF ? 0 : task_of_pidfd(call.target);
	else
		task = find_task(call.target);
	report(task, call.way == BY_PIDFD_SEND_SIGNAL ? 0 : call.target, call.sig, SI_USER, ret < 0 ? ret : EXISTS, call.way);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_kill")
int enter_kill(struct trace_event_raw_sys_enter *ctx)
{
	return enter(ctx->args[0], ctx->args[1], BY_KILL);
}

SEC("tracepoint/syscalls/sys_exit_kill")
int exit_kill(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx);
}

SEC("tracepoint/syscalls/sys_enter_tkill")
int enter_tkill(struct trace_event_raw_sys_enter *ctx)
{
	return enter(ctx->args[0], ctx->args[1], BY_TKILL);
}

SEC("tracepoint/syscalls/sys_exit_tkill")
int exit_tkill(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx);
}

SEC("tracepoint/syscalls/sys_enter_tgkill")
int enter_tgkill(struct trace_event_raw_sys_enter *ctx)
{
	return enter(ctx->args[1], ctx->args[2], BY_TGKILL);
}

SEC("tracepoint/syscalls/sys_exit_tgkill")
int exit_tgkill(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx);
}

SEC("tracepoint/syscalls/sys_enter_rt_sigqueueinfo")
int enter_rt_sigqueueinfo(struct trace_event_raw_sys_enter *ctx)
{
	return enter(ctx->args[0], ctx->args[1], BY_RT_SIGQUEUEINFO);
}

SEC("tracepoint/syscalls/sys_exit_rt_sigqueueinfo")
int exit_rt_sigqueueinfo(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx);
}

SEC("tracepoint/syscalls/sys_enter_rt_tgsigqueueinfo")
int enter_rt_tgsigqueueinfo(struct trace_event_raw_sys_enter *ctx)
{
	return enter(ctx->args[1], ctx->args[2], BY_RT_TGSIGQUEUEINFO);
}

SEC("tracepoint/syscalls/sys_exit_rt_tgsigqueueinfo")
int exit_rt_tgsigqueueinfo(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx);
}

SEC("tracepoint/syscalls/sys_enter_pidfd_send_signal")
int enter_pidfd_send_signal(struct trace_event_raw_sys_enter *ctx)
{
	return enter(ctx->args[0], ctx->args[1], BY_PIDFD_SEND_SIGNAL);
}

SEC("tracepoint/syscalls/sys_exit_pidfd_send_signal")
int exit_pidfd_send_signal(struct trace_event_raw_sys_exit *ctx)
{
	return leave(ctx);
}

/* A thread that ends itself with a signal never returns from the call, and its number will belong to another. */
SEC("tracepoint/sched/sched_process_exit")
int forget_thread(void *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&calls, &tid);
	return 0;
}
