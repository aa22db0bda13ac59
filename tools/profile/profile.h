/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef PROFILE_H
#define PROFILE_H

/* Whose stack was sampled, and which. */
struct sampled {
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

#endif
