/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef SOFTIRQS_H
#define SOFTIRQS_H

/* Vectors in the order of the kernel (include/linux/interrupt.h), which never changes. */
enum softirq_vector {
	SOFTIRQ_HI,
	SOFTIRQ_TIMER,
	SOFTIRQ_NET_TX,
	SOFTIRQ_NET_RX,
	SOFTIRQ_BLOCK,
	SOFTIRQ_IRQ_POLL,
	SOFTIRQ_TASKLET,
	SOFTIRQ_SCHED,
	SOFTIRQ_HRTIMER,
	SOFTIRQ_RCU,
};

struct handler {
	/// @format enum softirq_vector short
	enum softirq_vector softirq;
	/// @when per_cpu
	unsigned int cpu;
};

#endif
