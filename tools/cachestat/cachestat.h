/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef CACHESTAT_H
#define CACHESTAT_H

/* Whose pages are counted apart. */
enum cachestat_per {
	PER_ALL,
	PER_PROCESS,
};

struct cachestat_key {
	/// @when per=process
	unsigned int pid;
};

/* Pages of the page cache. */
/// @computed misses = added - created, hits = accesses - misses, ratio = hits / accesses as percent
struct cachestat_value {
	/// @when per=process
	char comm[16];
	/// Looked for, by read(2) and page faults.
	/// @hidden
	unsigned long long accesses;
	/// Put into the cache.
	/// @hidden
	unsigned long long added;
	/// Put into the cache by a write to them: nothing was missed.
	/// @hidden
	unsigned long long created;
	/// Made to differ from the disk.
	unsigned long long dirtied;
};

#endif
