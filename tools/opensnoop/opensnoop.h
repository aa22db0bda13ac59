/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef OPENSNOOP_H
#define OPENSNOOP_H

/* One finished open, openat, openat2 or creat. */
struct event {
	int pid;
	unsigned int uid;
	char comm[16];
	/* The new descriptor, -1 when the call failed. */
	int fd;
	/* The errno of a failed call, 0 otherwise. */
	int err;
	/* O_* as passed by the caller. */
	unsigned int flags;
	/* As passed by the caller, cut after 255 bytes. */
	char path[256];
};

#endif
