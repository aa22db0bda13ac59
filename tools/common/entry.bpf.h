/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef ENTRY_BPF_H
#define ENTRY_BPF_H

/* The tool's own, which says what it counts. */
__u64 lost_events;

/*
 * The entry of a key, made from `zeroes` when there is none, whichever CPU is the first to do that. Null when there is no room,
 * which is counted.
 */
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

#endif
