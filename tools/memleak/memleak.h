/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef MEMLEAK_H
#define MEMLEAK_H

/* Who allocated, and where. */
struct allocator {
	/* 0 for the kernel. */
	unsigned int pid;
	/// @ignore
	unsigned int pad;
	/// @format stack kernel
	unsigned long long kernel;
	/// @format stack user
	unsigned long long user;
};

/* What was allocated there and not freed yet. */
struct outstanding {
	unsigned long long bytes;
	unsigned long long count;
};

/* One allocation. With --sample-rate N it stands for N. */
struct allocation {
	unsigned long long bytes;
	unsigned long long count;
	/// @hidden
	unsigned long long since;
	unsigned int pid;
	/// @ignore
	unsigned int pad;
	/// @format stack kernel
	unsigned long long kernel;
	/// @format stack user
	unsigned long long user;
};

#endif
