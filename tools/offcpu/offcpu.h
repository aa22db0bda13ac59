/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef OFFCPU_H
#define OFFCPU_H

/* Who blocked, and where. */
struct blocked {
	unsigned int pid;
	/* 0 unless threads are told apart. */
	/// @when threads
	unsigned int tid;
	char comm[16];
	/// @format stack kernel
	unsigned long long kernel;
	/// @format stack user
	unsigned long long user;
};

struct blocked_time {
	/// @format duration ns
	unsigned long long total_ns;
	unsigned long long count;
};

#endif
