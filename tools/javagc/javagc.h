/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef JAVAGC_H
#define JAVAGC_H

/// A collection that has ended; or what it did to one pool of memory.
/// @view table pid, comm, collector:24, pool:38, full:5, duration_ns="PAUSE":>9, used_before="BEFORE":>7, used_after="AFTER":>7
struct event {
	/// When it ended
	/// @format timestamp ns
	unsigned long long at;
	/// @format duration ns
	unsigned long long duration_ns;
	/// Bytes in use on the heap, or in the pool
	/// @format bytes
	unsigned long long used_before;
	/// @format bytes
	unsigned long long used_after;
	/// Bytes that the pool has from the system
	/// @format bytes
	/// @hidden
	unsigned long long committed;
	unsigned int pid;
	/// The thread that collects
	/// @hidden
	unsigned int tid;
	/// Whether the whole heap was collected
	_Bool full;
	char comm[16];
	/// As the JVM calls it; empty when it does not say
	char collector[32];
	/// Empty for a whole collection
	/// @when pools
	char pool[40];
};

#endif
