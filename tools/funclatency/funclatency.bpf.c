// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "../common/entry.bpf.h"
#include "../common/process-filter.bpf.h"
#include "../common/histogram.bpf.h"
#include "funclatency.h"

/// @description Show how long a function takes, of the kernel or of any program: a histogram of its calls.
/// @example funclatency --function vfs_read
/// @example funclatency --binary /usr/lib/libc.so.6 --function malloc --per process
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// @description "A histogram for each process or thread, or one for all"
const volatile enum funclatency_per per = PER_ALL;
/// @description "What is counted"
const volatile enum time_unit unit = UNIT_NSECS;

/* Calls that were not counted: deeper inside themselves than DEPTH, or of one process too many. */
__u64 lost_events = 0;

/* How deep inside itself a recursive function is followed. */
#define DEPTH 32

/* A call that has not returned. */
struct call {
	__u64 since;
	/* The stack pointer at its begin; 0 where nobody knows. */
	__u64 stack;
};

struct calls {
	__u32 depth;
	__u32 pad;
	struct call calls[DEPTH];
};

/* Threads that end inside the function leave their calls behind: those not used for longest make room for others. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct calls);
} calls SEC(".maps");

/// @sample {"interval": 1000, "type": "log2_hist", "unit": "nsecs", "unit_from": "unit", "percentiles": [50, 90, 99, 99.9], "clear_map": true}
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct funclatency_key);
	__type(value, struct funclatency_times);
} times SEC(".maps");

static struct calls no_calls;
static struct funclatency_times zero;

/* The place of a depth that was found to be less than DEPTH; said again in a way that every verifier understands. */
static __always_inline struct call *call_at(struct calls *thread, __u32 depth)
{
	barrier_var(depth);
	return &thread->calls[depth & (DEPTH - 1)];
}

/*
 * Forgets calls that longjmp() or an exception left without return: stacks grow downwards, so a call that still goes on has its
 * frame above all that are made in it.
 */
static __always_inline void forget_left(struct calls *thread, __u64 stack)
{
	__u32 depth;
	int index;

	if (thread->depth > DEPTH) {
		if (thread->calls[DEPTH - 1].stack > stack)
			return;
		thread->depth = DEPTH;
	}
	for (index = 0; index < DEPTH; index++) {
		depth = thread->depth - 1;
		if (depth >= DEPTH || call_at(thread, depth)->stack > stack)
			return;
		thread->depth = depth;
	}
}

static __always_inline int begins(__u64 stack)
{
	__u32 tid = bpf_get_current_pid_tgid(), depth;
	struct calls *thread;
	struct call *call;

	if (!wanted())
		return 0;
	thread = entry_of(&calls, &tid, &no_calls);
	if (!thread)
		return 0;
	if (stack)
		forget_left(thread, stack);
	depth = thread->depth++;
	if (depth >= DEPTH) {
		__sync_fetch_and_add(&lost_events, 1);
		return 0;
	}
	call = call_at(thread, depth);
	call->stack = stack;
	call->since = bpf_ktime_get_ns();
	return 0;
}

static __always_inline void count(__u64 id, __u64 took)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct funclatency_key key = {};
	struct funclatency_times *value;

	if (per != PER_ALL)
		key.pid = id >> 32;
	if (per == PER_THREAD)
		key.tid = id;
	value = entry_of(&times, &key, &zero);
	if (!value)
		return;
	__sync_fetch_and_add(&value->calls, 1);
	__sync_fetch_and_add(&value->total_ns, took);
	count_in(value->slots, in_unit(took, unit));
	if (per == PER_THREAD)
		BPF_CORE_READ_STR_INTO(&value->comm, task, comm);
	else if (per == PER_PROCESS)
		BPF_CORE_READ_STR_INTO(&value->comm, task, group_leader, comm);
}

static __always_inline int ends(__u64 stack)
{
	__u64 now = bpf_ktime_get_ns(), id = bpf_get_current_pid_tgid();
	__u32 tid = id, depth;
	struct calls *thread;
	struct call *call;

	thread = bpf_map_lookup_elem(&calls, &tid);
	if (!thread || !thread->depth)
		return 0;
	/*
	 * After the return the stack pointer is where it was before the call: at the begin of the function, or above the return
	 * address that lay there.
	 */
	if (stack)
		forget_left(thread, stack - sizeof(void *) - 1);
	depth = thread->depth - 1;
	thread->depth = depth;
	if (depth >= DEPTH)
		return 0;
	call = call_at(thread, depth);
	count(id, now - call->since);
	return 0;
}

/// @one-of latency/uprobe
SEC("uprobe")
int on_uprobe(struct pt_regs *ctx)
{
	return begins(PT_REGS_SP(ctx));
}

/// @one-of latency/uprobe
SEC("uretprobe")
int on_uretprobe(struct pt_regs *ctx)
{
	return ends(PT_REGS_SP(ctx));
}

/// @one-of latency/fentry
SEC("fentry")
int on_fentry(void *ctx)
{
	return begins(0);
}

/// @one-of latency/fentry
SEC("fexit")
int on_fexit(void *ctx)
{
	return ends(0);
}

/// @one-of latency/kprobe
SEC("kprobe")
int on_kprobe(struct pt_regs *ctx)
{
	return begins(0);
}

/// @one-of latency/kprobe
SEC("kretprobe")
int on_kretprobe(struct pt_regs *ctx)
{
	return ends(0);
}
