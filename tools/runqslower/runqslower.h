/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef RUNQSLOWER_H
#define RUNQSLOWER_H

/// A task that waited long for its CPU.
/// @view table comm, pid, tid, waited_ns="WAITED", prev_comm="BEFORE", prev_tid="BEFORE_TID", cpu
struct event {
	char comm[16];
	unsigned int pid;
	unsigned int tid;
	/// How long it waited.
	/// @format duration ns
	unsigned long long waited_ns;
	/// Who had the CPU just before.
	char prev_comm[16];
	unsigned int prev_tid;
	unsigned int cpu;
};

#endif
