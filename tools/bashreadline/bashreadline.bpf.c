// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bashreadline.h"

/// @description Print the lines that are entered in interactive bash shells.
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// @description "Process ID of the shell, 0 for all"
const volatile pid_t pid_target = 0;

/* Events that found the ring buffer full. */
__u64 lost_events = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

/* readline returns a null pointer at the end of input. */
SEC("uretprobe//bin/bash:readline")
int BPF_KRETPROBE(handle_readline, const char *line)
{
	pid_t pid = bpf_get_current_pid_tgid() >> 32;
	struct event *event;

	if (!line || (pid_target && pid_target != pid))
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&lost_events, 1);
		return 0;
	}
	event->pid = pid;
	event->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	if (bpf_probe_read_user_str(event->line, sizeof(event->line), line) < 0)
		event->line[0] = '\0';
	bpf_ringbuf_submit(event, 0);
	return 0;
}
