/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef INTERRUPT_BPF_H
#define INTERRUPT_BPF_H

#include "entry.bpf.h"
#include "histogram.bpf.h"

/* The tool says what a `struct handler` is, which has a member `cpu`. */

/// @description "Only this CPU, -1 for all"
const volatile int cpu = -1;
/// @description "A row for each CPU"
/// @cmdarg {"long": "per-cpu"}
const volatile bool per_cpu = false;
/// @description "A histogram for each handler"
/// @cmdarg {"short": "d"}
const volatile bool dist = false;
/// @description "What histograms count"
const volatile enum time_unit unit = UNIT_NSECS;

/* Runs of one handler on one CPU: nothing interrupts a handler to run another of its kind, so plain additions are right. */
struct runs {
	unsigned long long count;
	/// @format duration ns
	unsigned long long total_ns;
	/// @format duration ns
	unsigned long long max_ns;
};

struct run_times {
	unsigned long long slots[SLOTS];
};

/*
 * Room for the handlers of a large machine, times its CPUs with --per-cpu. An entry has a value for each CPU, and one of the two
 * maps stays empty: so room is taken as handlers come, and not at once.
 */
/// @sample {"interval": 1000, "sort": "-total_ns", "clear_map": true, "when": "!dist"}
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct handler);
	__type(value, struct runs);
} handlers SEC(".maps");

/// @sample {"interval": 1000, "type": "log2_hist", "unit": "nsecs", "unit_from": "unit", "clear_map": true, "when": "dist"}
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct handler);
	__type(value, struct run_times);
} times SEC(".maps");

/* When the handler that runs now began, 0 when none runs. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} begin SEC(".maps");

/* Runs that were not counted because there was no room for one more handler. */
__u64 lost_events = 0;

static struct runs no_runs;
static struct run_times no_times;

static __always_inline int handler_begins(void)
{
	__u32 first = 0;
	__u64 *since = bpf_map_lookup_elem(&begin, &first);

	if (since && (cpu < 0 || cpu == bpf_get_smp_processor_id()))
		*since = bpf_ktime_get_ns();
	return 0;
}

static __always_inline void add_run(struct runs *runs, __u64 ns)
{
	runs->count++;
	runs->total_ns += ns;
	if (ns > runs->max_ns)
		runs->max_ns = ns;
}

static __always_inline void add_time(struct run_times *times, __u64 value)
{
	__u32 slot = slot_of(value);

	if (slot < SLOTS)
		times->slots[slot]++;
}

/* One that began before we did, or on another CPU than we look at, is not counted. */
static __always_inline int handler_ends(struct handler *handler)
{
	__u32 first = 0;
	__u64 *since = bpf_map_lookup_elem(&begin, &first), took;
	struct run_times *histogram;
	struct runs *runs;

	if (!since || !*since)
		return 0;
	took = bpf_ktime_get_ns() - *since;
	*since = 0;
	if (per_cpu)
		handler->cpu = bpf_get_smp_processor_id();
	if (dist) {
		histogram = entry_of(&times, handler, &no_times);
		if (histogram)
			add_time(histogram, in_unit(took, unit));
		return 0;
	}
	runs = entry_of(&handlers, handler, &no_runs);
	if (runs)
		add_run(runs, took);
	return 0;
}

#endif
