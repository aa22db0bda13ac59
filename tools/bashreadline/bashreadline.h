/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef BASHREADLINE_H
#define BASHREADLINE_H

/* A line that somebody entered at the prompt of an interactive bash. */
struct event {
	int pid;
	unsigned int uid;
	char comm[16];
	/* Cut after 255 bytes. */
	char line[256];
};

#endif
