// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "../common/filters.bpf.h"
#include "../common/stacks.bpf.h"
#include "../common/task.bpf.h"
#include "offcpu.h"

/* include/linux/sched.h: the last switch of a task, from which it never returns. */
#define TASK_DEAD 0x80
#define TASK_UNINTERRUPTIBLE 2
#define PF_KTHREAD 0x00200000

/// Show where threads wait: time blocked, by the stack that led there.
/// @brief Sum up by stack how long threads were off the CPUs
/// @version 1.0
/// @example offcpu --pid 1234 --duration 10s
/// @example offcpu --min 10ms -o flamegraph --output-file waits.html
/// @example offcpu --output folded -- make
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// @filter pid
/// @ignore
const volatile pid_t pid_target = 0;
/// @filter tid
/// @ignore
const volatile pid_t tid_target = 0;
/// @filter uid
/// @ignore
const volatile uid_t uid_target = ALL_USERS;
/// @filter comm
/// @ignore
const volatile char comm_target[COMM_LENGTH] = "";
/// @ignore
const volatile bool filter_cg = false;
/// Shortest time that counts
/// @cmdarg {"long": "min", "short": "m"}
/// @format duration ns
const volatile __u64 min_ns = 0;
/// Longest time that counts; 0 for any
/// @cmdarg {"long": "max", "short": "M"}
/// @format duration ns
const volatile __u64 max_ns = 0;
/// Count also threads that wanted to run and had to wait for a CPU
const volatile bool preempted = false;
/// Only waits that nothing can interrupt: disks, locks of the kernel
/// @cmdarg {"short": "D"}
const volatile bool uninterruptible = false;
/// Only stacks of programs, not of the kernel
/// @cmdarg {"long": "user-only", "short": "U"}
const volatile bool user_only = false;
/// Only stacks of the kernel
/// @cmdarg {"long": "kernel-only", "short": "K"}
const volatile bool kernel_only = false;
/// Leave out threads of the kernel
/// @cmdarg {"long": "no-kernel-threads"}
const volatile bool no_kernel_threads = false;
/// Tell the threads of a process apart
/// @cmdarg {"short": "t"}
const volatile bool threads = false;

/* Waits that found no room in a map. */
__u64 lost_events = 0;

/* A thread that is off the CPUs. */
struct wait {
	__u64 since;
	struct blocked key;
};

/* By thread. A thread that comes back takes its entry out, and one that will not come back gets none. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct wait);
} waits SEC(".maps");

/// @sample {"interval": 1000, "type": "stacks", "clear_map": true, "once": true, "stack_map": "stacks", "sort": "-total_ns"}
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct blocked);
	__type(value, struct blocked_time);
} times SEC(".maps");

/* A command that was started to be looked at waits until somebody has read what it has mapped. */
/// @command
/// @ignore
const volatile bool hold_command = false;

/// @processes
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} processes SEC(".maps");

#include "../common/processes.bpf.h"

static __always_inline bool wanted(struct task_struct *task, __u32 pid, __u32 tid)
{
	if (pid_target && pid_target != (pid_t)pid)
		return false;
	if (tid_target && tid_target != (pid_t)tid)
		return false;
	if (no_kernel_threads && (BPF_CORE_READ(task, flags) & PF_KTHREAD))
		return false;
	if (uid_target != ALL_USERS && uid_target != (uid_t)bpf_get_current_uid_gid())
		return false;
	if (filter_cg && !in_cgroup())
		return false;
	return comm_is(comm_target);
}

/* The task that leaves its CPU is the current one until the switch is done. */
static __always_inline void leaves(void *ctx, bool preempt, struct task_struct *task)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tid = id, pid = id >> 32;
	struct wait wait = {};
	unsigned int state;

	if (!tid || !wanted(task, pid, tid))
		return;
	state = task_state(task);
	if (state & TASK_DEAD)
		return;
	/* One that was preempted on its way to sleep is not asleep yet. */
	if ((preempt || !state) && !preempted)
		return;
	if (uninterruptible && !(state & TASK_UNINTERRUPTIBLE))
		return;
	wait.key.pid = pid;
	if (threads)
		wait.key.tid = tid;
	bpf_get_current_comm(wait.key.comm, sizeof(wait.key.comm));
	if (!user_only)
		wait.key.kernel = take_stack(ctx, 0);
	if (!kernel_only)
		wait.key.user = take_stack(ctx, BPF_F_USER_STACK);
	if (wait.key.user != NO_STACK)
		tell_process(pid);
	wait.since = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&waits, &tid, &wait, BPF_ANY))
		__sync_fetch_and_add(&lost_events, 1);
}

static __always_inline void returns(struct task_struct *task)
{
	__u32 tid = BPF_CORE_READ(task, pid);
	struct wait *wait = bpf_map_lookup_elem(&waits, &tid);
	struct blocked_time *time, none = {};
	struct blocked key;
	__u64 took;

	if (!wait)
		return;
	took = bpf_ktime_get_ns() - wait->since;
	key = wait->key;
	bpf_map_delete_elem(&waits, &tid);
	if (took < min_ns || (max_ns && took > max_ns))
		return;
	time = bpf_map_lookup_elem(&times, &key);
	if (!time) {
		bpf_map_update_elem(&times, &key, &none, BPF_NOEXIST);
		time = bpf_map_lookup_elem(&times, &key);
	}
	if (!time) {
		__sync_fetch_and_add(&lost_events, 1);
		return;
	}
	__sync_fetch_and_add(&time->total_ns, took);
	__sync_fetch_and_add(&time->count, 1);
}

/// @one-of switch/tp_btf
SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	leaves(ctx, preempt, prev);
	returns(next);
	return 0;
}

/// @one-of switch/raw_tp
SEC("raw_tp/sched_switch")
int BPF_PROG(on_switch_raw, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	leaves(ctx, preempt, prev);
	returns(next);
	return 0;
}
