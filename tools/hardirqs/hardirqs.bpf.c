// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "../common/interrupt.bpf.h"
#include "hardirqs.h"

/// @description Show how often the handlers of hardware interrupts run, and how long.
/// @example hardirqs --interval 5
/// @example hardirqs --per-cpu
/// @example hardirqs --dist --unit usecs
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// @description "Only this CPU, -1 for all"
const volatile int cpu = -1;
/// @description "A row for each CPU"
const volatile bool per_cpu = false;
/// @description "A histogram for each handler"
/// @cmdarg {"short": "d"}
const volatile bool dist = false;
/// @description "What histograms count"
const volatile enum time_unit unit = UNIT_NSECS;

/// @sample {"interval": 1000, "sort": "-total_ns", "clear_map": true, "when": "!dist"}
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct hardirq);
	__type(value, struct runs);
} handlers SEC(".maps");

/// @sample {"interval": 1000, "type": "log2_hist", "unit": "nsecs", "unit_from": "unit", "clear_map": true, "when": "dist"}
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct hardirq);
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

static __always_inline int ends(int irq, struct irqaction *action)
{
	__s64 took = handler_ends();
	struct hardirq key = { .irq = irq };
	struct run_times *histogram;
	struct runs *runs;

	if (took < 0)
		return 0;
	if (per_cpu)
		key.cpu = bpf_get_smp_processor_id();
	bpf_probe_read_kernel_str(key.name, sizeof(key.name), BPF_CORE_READ(action, name));
	if (dist) {
		histogram = entry_of(&times, &key, &no_times);
		if (histogram)
			add_time(histogram, in_unit(took, unit));
		return 0;
	}
	runs = entry_of(&handlers, &key, &no_runs);
	if (runs)
		add_run(runs, took);
	return 0;
}

/// @one-of irq/tp_btf
SEC("tp_btf/irq_handler_entry")
int BPF_PROG(on_entry, int irq, struct irqaction *action)
{
	return begins();
}

/// @one-of irq/tp_btf
SEC("tp_btf/irq_handler_exit")
int BPF_PROG(on_exit, int irq, struct irqaction *action)
{
	return ends(irq, action);
}

/// @one-of irq/raw_tp
SEC("raw_tp/irq_handler_entry")
int BPF_PROG(on_entry_raw, int irq, struct irqaction *action)
{
	return begins();
}

/// @one-of irq/raw_tp
SEC("raw_tp/irq_handler_exit")
int BPF_PROG(on_exit_raw, int irq, struct irqaction *action)
{
	return ends(irq, action);
}
