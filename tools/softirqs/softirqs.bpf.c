// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "../common/interrupt.bpf.h"
#include "softirqs.h"

/// @description Show how often software interrupts run, and how long.
/// @example softirqs --interval 5
/// @example softirqs --per-cpu
/// @example softirqs --dist --unit usecs
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// @description "Only this CPU, -1 for all"
const volatile int cpu = -1;
/// @description "A row for each CPU"
const volatile bool per_cpu = false;
/// @description "A histogram for each vector"
/// @cmdarg {"short": "d"}
const volatile bool dist = false;
/// @description "What histograms count"
const volatile enum time_unit unit = UNIT_NSECS;

/// @sample {"interval": 1000, "sort": "-total_ns", "clear_map": true, "when": "!dist"}
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct softirq);
	__type(value, struct runs);
} vectors SEC(".maps");

/// @sample {"interval": 1000, "type": "log2_hist", "unit": "nsecs", "unit_from": "unit", "clear_map": true, "when": "dist"}
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct softirq);
	__type(value, struct run_times);
} times SEC(".maps");

static struct runs no_runs;
static struct run_times no_times;

static __always_inline int begins(void)
{
	if (cpu < 0 || cpu == bpf_get_smp_processor_id())
		handler_begins();
	return 0;
}

static __always_inline int ends(unsigned int vector)
{
	__s64 took = handler_ends();
	struct softirq key = { .softirq = vector };
	struct run_times *histogram;
	struct runs *runs;

	if (took < 0)
		return 0;
	if (per_cpu)
		key.cpu = bpf_get_smp_processor_id();
	if (dist) {
		histogram = entry_of(&times, &key, &no_times);
		if (histogram)
			add_time(histogram, in_unit(took, unit));
		return 0;
	}
	runs = entry_of(&vectors, &key, &no_runs);
	if (runs)
		add_run(runs, took);
	return 0;
}

/// @one-of irq/tp_btf
SEC("tp_btf/softirq_entry")
int BPF_PROG(on_entry, unsigned int vector)
{
	return begins();
}

/// @one-of irq/tp_btf
SEC("tp_btf/softirq_exit")
int BPF_PROG(on_exit, unsigned int vector)
{
	return ends(vector);
}

/// @one-of irq/raw_tp
SEC("raw_tp/softirq_entry")
int BPF_PROG(on_entry_raw, unsigned int vector)
{
	return begins();
}

/// @one-of irq/raw_tp
SEC("raw_tp/softirq_exit")
int BPF_PROG(on_exit_raw, unsigned int vector)
{
	return ends(vector);
}
