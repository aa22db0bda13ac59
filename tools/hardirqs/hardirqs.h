/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef HARDIRQS_H
#define HARDIRQS_H

/* A handler: several may share the line of an interrupt. */
struct handler {
	unsigned int irq;
	/// @when per_cpu
	unsigned int cpu;
	char name[32];
};

#endif
