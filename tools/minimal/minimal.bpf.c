// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

/// @description Print a line for every write(2): the smallest program there is.
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// @description "Process ID to trace, 0 for all"
const volatile pid_t pid_filter = 0;

SEC("tp/syscalls/sys_enter_write")
int handle_tp(void *ctx)
{
	pid_t pid = bpf_get_current_pid_tgid() >> 32;

	if (pid_filter && pid != pid_filter)
		return 0;
	bpf_printk("BPF triggered sys_enter_write from PID %d.", pid);
	return 0;
}
