/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef EXECSNOOP_H
#define EXECSNOOP_H

/* A program that was started: execve or execveat that succeeded. */
struct event {
	int pid;
	int ppid;
	unsigned int uid;
	/* The name of the new program. */
	char comm[16];
	/* The file that was executed, cut after 255 bytes. */
	char filename[256];
};

#endif
