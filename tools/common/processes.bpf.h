/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef PROCESSES_BPF_H
#define PROCESSES_BPF_H

/*
 * Tells whoever shows stacks of which processes they are, while those live. The ring buffer `processes` is the program's own,
 * because it is annotated: @processes, @ignore.
 */
#define FIRST_PAUSE_NS 32000000ULL
#define LAST_PAUSE_NS 1000000000ULL

#define SIGSTOP 19

struct told_process {
	/* Changes when the process becomes another program. */
	__u64 mm;
	__u64 again;
	__u64 pause;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 2048);
	__type(key, __u32);
	__type(value, struct told_process);
} told_processes SEC(".maps");

/*
 * When the current process is seen for the first time, and again in ever longer pauses, until those who look once a second see
 * it anyway: a process that has just begun maps its libraries one after the other.
 */
static __always_inline void tell_process(__u32 pid)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct told_process *told = bpf_map_lookup_elem(&told_processes, &pid), first = {};
	__u64 now = bpf_ktime_get_ns(), mm = (__u64)BPF_CORE_READ(task, mm);

	if (!mm)
		return;
	if (!told || told->mm != mm) {
		first.mm = mm;
		first.again = now + FIRST_PAUSE_NS;
		first.pause = FIRST_PAUSE_NS;
		bpf_map_update_elem(&told_processes, &pid, &first, BPF_ANY);
	} else {
		if (now < told->again || told->pause > LAST_PAUSE_NS)
			return;
		told->pause *= 2;
		told->again = now + told->pause;
	}
	/* When there is no room, the next look will do. */
	if (bpf_ringbuf_output(&processes, &pid, sizeof(pid), 0))
		return;
	if (hold_command && first.mm)
		bpf_send_signal(SIGSTOP);
}

#endif
