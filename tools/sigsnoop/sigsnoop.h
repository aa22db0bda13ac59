/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef SIGSNOOP_H
#define SIGSNOOP_H

/* One finished kill, tkill or tgkill. */
struct event {
	/* Sender: process ID and command. */
	int pid;
	char comm[16];
	int sig;
	/* Receiver as passed by the caller: a process, a thread (tkill, tgkill) or a negative process group. */
	int tpid;
	/* 0, or the negative errno of a failed call. */
	int ret;
};

#endif
