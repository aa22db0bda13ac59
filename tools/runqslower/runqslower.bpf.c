// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "../common/run-queue.bpf.h"
#include "runqslower.h"

/// @description Trace tasks that wait longer for a CPU than a threshold, and who had it before them.
/// @example runqslower --min 1ms
/// @example runqslower --min 500us --comm postgres
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// @description "Shortest wait to show"
/// @cmdarg {"long": "min", "short": "m"}
/// @format duration us
const volatile __u64 min_us = 10000;
/// @filter comm
/// @ignore
const volatile char target_comm[16] = "";

/// @export event
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

static __always_inline bool has_name(const char *comm)
{
	int index;

	for (index = 0; index < sizeof(target_comm) && target_comm[index]; index++)
		if (comm[index] != target_comm[index])
			return false;
	return true;
}

static __always_inline void waited(struct task_struct *prev, struct task_struct *next, __u64 ns)
{
	char comm[16] = {};
	struct event *event;

	if (ns < min_us * 1000)
		return;
	BPF_CORE_READ_STR_INTO(&comm, next, comm);
	if (!has_name(comm))
		return;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&lost_events, 1);
		return;
	}
	__builtin_memcpy(event->comm, comm, sizeof(comm));
	event->pid = BPF_CORE_READ(next, tgid);
	event->tid = BPF_CORE_READ(next, pid);
	event->waited_ns = ns;
	BPF_CORE_READ_STR_INTO(&event->prev_comm, prev, comm);
	event->prev_tid = BPF_CORE_READ(prev, pid);
	event->cpu = bpf_get_smp_processor_id();
	bpf_ringbuf_submit(event, 0);
}
