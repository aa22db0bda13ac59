// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bashreadline.h"

/* Most lines are short; a record has room for a short one or a long one. */
#define SHORT 256
#define LONG 16384

/// Trace the lines that people enter at the prompt of bash, or of any program that uses the readline library.
/// @brief Trace the lines that are entered in interactive shells
/// @version 1.0
/// @example bashreadline --pid 1234
/// @example bashreadline --binary libreadline
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Events that found the ring buffer full. */
__u64 lost_events = 0;

/// @export event
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

static __always_inline int send(const char *line, __u32 room)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event) + (room == SHORT ? SHORT : LONG), 0);
	long length;

	if (!event) {
		__sync_fetch_and_add(&lost_events, 1);
		return 0;
	}
	event->time = bpf_ktime_get_boot_ns();
	event->cgroup = bpf_get_current_cgroup_id();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->ppid = BPF_CORE_READ(task, real_parent, tgid);
	event->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	if (BPF_CORE_READ_STR_INTO(&event->tty, task, signal, tty, name) < 0)
		event->tty[0] = '\0';
	length = bpf_probe_read_user_str(event->line, room, line);
	if (length < 0)
		event->line[0] = '\0';
	event->cut = length == room;
	bpf_ringbuf_submit(event, 0);
	return 0;
}

static __always_inline int entered(const char *line)
{
	char start[SHORT];

	/* The end of input. */
	if (!line)
		return 0;
	/* What fills the room may be longer. */
	if (bpf_probe_read_user_str(start, sizeof(start), line) < SHORT)
		return send(line, SHORT);
	return send(line, LONG);
}

/*
 * Bash has the library in itself or loads it, as it was built. This function ends a line, for programs that wait inside
 * readline() and for those that have an event loop of their own; also the line of a prompt that waits already.
 */
/// @one-of line/whole
/// @attach {"binary": ["/bin/bash", "libreadline"]}
SEC("uretprobe//bin/bash:readline_internal_teardown")
int BPF_KRETPROBE(end_line, const char *line)
{
	return entered(line);
}

/// @one-of line/function
/// @note the first line of a shell that waits at its prompt already is missed
/// @attach {"binary": ["/bin/bash", "libreadline"]}
SEC("uretprobe//bin/bash:readline")
int BPF_KRETPROBE(return_line, const char *line)
{
	return entered(line);
}
