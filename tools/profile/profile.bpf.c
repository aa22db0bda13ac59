// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "../common/filters.bpf.h"
#include "../common/stacks.bpf.h"
#include "profile.h"

/// Show where CPUs spend their time: samples of stacks, of all programs and of the kernel.
/// @brief Sample the stacks of what runs on the CPUs
/// @version 1.0
/// @example profile --duration 10s -o flamegraph --output-file cpu.html
/// @example profile --pid 1234 --freq 999 --top 20
/// @example profile --output folded --output-file before.folded -- make
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
/// @ignore
const volatile bool filter_pids = false;
/// Only this CPU
/// @cmdarg {"short": "C"}
const volatile int cpu = -1;
/// Only stacks of programs, not of the kernel
/// @cmdarg {"long": "user-only", "short": "U"}
const volatile bool user_only = false;
/// Only stacks of the kernel
/// @cmdarg {"long": "kernel-only", "short": "K"}
const volatile bool kernel_only = false;
/// Count also CPUs that have nothing to do
/// @cmdarg {"short": "I"}
const volatile bool idle = false;
/// Tell the threads of a process apart
/// @cmdarg {"short": "t"}
const volatile bool threads = false;

/* Samples that found no room in `counts`. */
__u64 lost_events = 0;

/// Only these processes
/// @cmdarg {"long": "pids", "enables": "filter_pids"}
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u8);
} pids SEC(".maps");

/// @sample {"interval": 1000, "type": "stacks", "unit": "samples", "clear_map": true, "once": true, "stack_map": "stacks"}
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct sampled);
	__type(value, __u64);
} counts SEC(".maps");

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

static __always_inline bool wanted(__u32 pid, __u32 tid)
{
	if (!tid && !idle)
		return false;
	if (cpu >= 0 && cpu != (int)bpf_get_smp_processor_id())
		return false;
	if (pid_target && pid_target != (pid_t)pid)
		return false;
	if (tid_target && tid_target != (pid_t)tid)
		return false;
	if (filter_pids && !bpf_map_lookup_elem(&pids, &pid))
		return false;
	if (uid_target != ALL_USERS && uid_target != (uid_t)bpf_get_current_uid_gid())
		return false;
	if (filter_cg && !in_cgroup())
		return false;
	return comm_is(comm_target);
}

SEC("perf_event")
int on_sample(struct bpf_perf_event_data *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), one = 1, *count;
	struct sampled key = { .pid = id >> 32 };

	if (!wanted(key.pid, id))
		return 0;
	if (threads)
		key.tid = id;
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	if (!user_only)
		key.kernel = take_stack(ctx, 0);
	if (!kernel_only && key.pid)
		key.user = take_stack(ctx, BPF_F_USER_STACK);
	/* Samples of the other half of the system. */
	if ((user_only && key.user == NO_STACK) || (kernel_only && key.kernel == NO_STACK))
		return 0;
	if (key.user != NO_STACK)
		tell_process(key.pid);
	count = bpf_map_lookup_elem(&counts, &key);
	if (!count) {
		if (!bpf_map_update_elem(&counts, &key, &one, BPF_NOEXIST))
			return 0;
		/* Another CPU may have been first. */
		count = bpf_map_lookup_elem(&counts, &key);
	}
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		__sync_fetch_and_add(&lost_events, 1);
	return 0;
}
