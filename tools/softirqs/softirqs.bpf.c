// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "softirqs.h"
#include "../common/interrupt.bpf.h"

/// @description Show how often software interrupts run, and how long.
/// @example softirqs --interval 5
/// @example softirqs --per-cpu
/// @example softirqs --dist --unit usecs
char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline int ends(unsigned int vector)
{
	struct handler handler = { .softirq = vector };

	return handler_ends(&handler);
}

/// @one-of irq/tp_btf
SEC("tp_btf/softirq_entry")
int BPF_PROG(on_entry, unsigned int vector)
{
	return handler_begins();
}

/// @one-of irq/tp_btf
SEC("tp_btf/softirq_exit")
int BPF_PROG(on_exit, unsigned int vector)
{
	return ends(vector);
}

/// @one-of irq/raw_tp
SEC("raw_tp/softirq_entry")
int BPF_PROG(on_entry_raw, unsigned int vector)
{
	return handler_begins();
}

/// @one-of irq/raw_tp
SEC("raw_tp/softirq_exit")
int BPF_PROG(on_exit_raw, unsigned int vector)
{
	return ends(vector);
}
