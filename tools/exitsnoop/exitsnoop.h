/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef EXITSNOOP_H
#define EXITSNOOP_H

/* A process that ended. */
struct event {
	int pid;
	int ppid;
	/* As passed to exit(2), 0 to 255; 0 when a signal ended the process. */
	unsigned int exit_code;
	/* The signal that ended the process, 0 when it called exit. */
	unsigned int sig;
	/* From fork to exit. */
	unsigned long long duration_ns;
	char comm[16];
};

#endif
