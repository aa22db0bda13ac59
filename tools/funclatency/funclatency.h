/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef FUNCLATENCY_H
#define FUNCLATENCY_H

/* Whose histograms are kept. */
enum funclatency_per {
	PER_ALL,
	PER_PROCESS,
	PER_THREAD,
};

struct funclatency_key {
	/// @when per=process|thread
	unsigned int pid;
	/// @when per=thread
	unsigned int tid;
};

struct funclatency_times {
	/// @when per=process|thread
	char comm[16];
	unsigned long long calls;
	/// @format duration ns
	unsigned long long total_ns;
	unsigned long long slots[36];
};

#endif
