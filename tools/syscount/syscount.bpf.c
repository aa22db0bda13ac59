// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "../common/entry.bpf.h"
#include "../common/process-filter.bpf.h"
#include "syscount.h"

/// @description Count system calls, their failures and the time they take.
/// @example syscount --interval 5
/// @example syscount --per process --sort -total_ns
/// @example syscount --errno EAGAIN --per both
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// @description "Count by syscall, by process, or by both"
const volatile enum syscount_per per = PER_SYSCALL;
/// @description "Only calls that failed"
/// @cmdarg {"short": "x"}
const volatile bool failed = false;
/// @description "Only calls that failed with this error"
/// @cmdarg {"long": "errno", "short": "e"}
/// @format errno
const volatile int target_errno = 0;

/* Calls that were counted nowhere because there was no room for one more key. */
__u64 lost_events = 0;

/* The last call that a thread has entered. */
struct entered {
	/* 0 once it returned. */
	__u64 at;
	/* A new thread returns from the clone of its parent, which it has not entered: what is here is of an ended one of its number. */
	__s64 number;
};

/*
 * By thread: to write to an entry costs less than to make one for each call. Threads that ended leave theirs behind, and many may
 * sleep in a call: the entries that were not used for longest make room for others. Such a call is counted, its time is not.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct entered);
} entries SEC(".maps");

/// @sample {"interval": 1000, "type": "top", "sort": "-count", "rows": 20, "clear_map": true}
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct syscount_key);
	__type(value, struct syscount_value);
} calls SEC(".maps");

static struct syscount_value zero;

SEC("tp/raw_syscalls/sys_enter")
int on_enter(struct trace_event_raw_sys_enter *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct entered now = {}, *last;

	if (!wanted())
		return 0;
	now.at = bpf_ktime_get_ns();
	now.number = ctx->id;
	last = bpf_map_lookup_elem(&entries, &tid);
	if (last)
		*last = now;
	else
		bpf_map_update_elem(&entries, &tid, &now, BPF_ANY);
	return 0;
}

static __always_inline struct syscount_value *value_of(__u64 id, __u32 number)
{
	struct syscount_key key = {};

	if (per != PER_PROCESS)
		key.syscall = number;
	if (per != PER_SYSCALL)
		key.pid = id >> 32;
	return entry_of(&calls, &key, &zero);
}

SEC("tp/raw_syscalls/sys_exit")
int on_exit(struct trace_event_raw_sys_exit *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 id = bpf_get_current_pid_tgid(), begin = 0;
	/* Values from -4095 to -1 are errors (include/linux/err.h). */
	bool error = ctx->ret < 0 && ctx->ret >= -4095;
	struct syscount_value *value;
	struct entered *entered;
	__u32 tid = id;

	if (!wanted())
		return 0;
	entered = bpf_map_lookup_elem(&entries, &tid);
	if (entered && entered->number == ctx->id) {
		begin = entered->at;
		entered->at = 0;
	}
	if ((failed || target_errno) && !error)
		return 0;
	if (target_errno && target_errno != -ctx->ret)
		return 0;
	/* What a signal handler returns to has no number. */
	if (ctx->id < 0)
		return 0;
	value = value_of(id, ctx->id);
	if (!value)
		return 0;
	__sync_fetch_and_add(&value->count, 1);
	if (error)
		__sync_fetch_and_add(&value->errors, 1);
	if (begin)
		__sync_fetch_and_add(&value->total_ns, bpf_ktime_get_ns() - begin);
	if (per != PER_SYSCALL)
		BPF_CORE_READ_STR_INTO(&value->comm, task, group_leader, comm);
	return 0;
}
