// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "hardirqs.h"
#include "../common/interrupt.bpf.h"

/// @description Show how often the handlers of hardware interrupts run, and how long.
/// @example hardirqs --interval 5
/// @example hardirqs --per-cpu
/// @example hardirqs --dist --unit usecs
char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline int ends(int irq, struct irqaction *action)
{
	struct handler handler = { .irq = irq };

	bpf_probe_read_kernel_str(handler.name, sizeof(handler.name), BPF_CORE_READ(action, name));
	return handler_ends(&handler);
}

/// @one-of irq/tp_btf
SEC("tp_btf/irq_handler_entry")
int BPF_PROG(on_entry, int irq, struct irqaction *action)
{
	return handler_begins();
}

/// @one-of irq/tp_btf
SEC("tp_btf/irq_handler_exit")
int BPF_PROG(on_exit, int irq, struct irqaction *action)
{
	return ends(irq, action);
}

/// @one-of irq/raw_tp
SEC("raw_tp/irq_handler_entry")
int BPF_PROG(on_entry_raw, int irq, struct irqaction *action)
{
	return handler_begins();
}

/// @one-of irq/raw_tp
SEC("raw_tp/irq_handler_exit")
int BPF_PROG(on_exit_raw, int irq, struct irqaction *action)
{
	return ends(irq, action);
}
