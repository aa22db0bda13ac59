/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef INTERRUPT_BPF_H
#define INTERRUPT_BPF_H

#include "histogram.bpf.h"

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

/* When the handler that runs now began, 0 when none runs. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} begin SEC(".maps");

/* Runs that were not counted because there was no room for one more handler. */
__u64 lost_events = 0;

static __always_inline void handler_begins(void)
{
	__u32 first = 0;
	__u64 *since = bpf_map_lookup_elem(&begin, &first);

	if (since)
		*since = bpf_ktime_get_ns();
}

/* Nanoseconds, or -1 for a handler that began before we did. */
static __always_inline __s64 handler_ends(void)
{
	__u32 first = 0;
	__u64 *since = bpf_map_lookup_elem(&begin, &first);
	__s64 took;

	if (!since || !*since)
		return -1;
	took = bpf_ktime_get_ns() - *since;
	*since = 0;
	return took;
}

/* The entry of a key in a map, made from zeroes when there is none; null when there is no room. */
static __always_inline void *entry_of(void *map, const void *key, const void *zeroes)
{
	void *found = bpf_map_lookup_elem(map, key);

	if (found)
		return found;
	bpf_map_update_elem(map, key, zeroes, BPF_NOEXIST);
	found = bpf_map_lookup_elem(map, key);
	if (!found)
		__sync_fetch_and_add(&lost_events, 1);
	return found;
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

#endif
