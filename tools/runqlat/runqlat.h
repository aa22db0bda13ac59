/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef RUNQLAT_H
#define RUNQLAT_H

/* Whose histograms are kept. */
enum runqlat_per {
	PER_ALL,
	PER_PROCESS,
	PER_THREAD,
	PER_PIDNS,
	PER_CGROUP,
};

/* Members that the flag does not ask for are 0. */
struct runqlat_key {
	/// @when per=process|thread
	unsigned int pid;
	/// @when per=thread
	unsigned int tid;
	/// @when per=pidns
	unsigned int pidns;
	/// @ignore
	unsigned int pad;
	/// @when per=cgroup
	/// @format cgroup
	unsigned long long cgroup;
};

struct runqlat_waits {
	/* Of the process, or of the thread. */
	/// @when per=process|thread
	char comm[16];
	unsigned long long slots[36];
};

#endif
