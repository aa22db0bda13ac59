/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef SYSCOUNT_H
#define SYSCOUNT_H

/* What is counted apart. */
enum syscount_per {
	PER_SYSCALL,
	PER_PROCESS,
	PER_BOTH,
};

struct syscount_key {
	/// @when per=syscall|both
	/// @format syscall
	unsigned int syscall;
	/// @when per=process|both
	unsigned int pid;
};

struct syscount_value {
	/// @when per=process|both
	char comm[16];
	unsigned long long count;
	unsigned long long errors;
	/// Time spent inside; of a call that blocks also that of its sleep.
	/// @format duration ns
	unsigned long long total_ns;
};

#endif
