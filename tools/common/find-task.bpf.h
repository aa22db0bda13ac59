/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef FIND_TASK_BPF_H
#define FIND_TASK_BPF_H

/* Slots of a node, as a power of two (include/linux/xarray.h), and nodes on the way to any process number. */
#define XA_CHUNK_SHIFT 6
#define XA_DEPTH_MAX 6

/* An entry that is another node, and not what is looked for: xa_is_node() in include/linux/xarray.h. */
static __always_inline bool is_node(unsigned long entry)
{
	return (entry & 3) == 2 && entry > 4096;
}

static __always_inline struct task_struct *first_task(struct pid *pid)
{
	struct hlist_node *first;

	if (!pid)
		return 0;
	first = BPF_CORE_READ(pid, tasks[PIDTYPE_PID].first);
	return first ? (void *)first - bpf_core_field_offset(struct task_struct, pid_links) : 0;
}

/*
 * The thread of a number, in the eyes of the current process: in a container 1 is its own. Null when there is none. Numbers are
 * kept in a radix tree (kernel/pid.c); older kernels have no helper that looks there.
 */
static __always_inline struct task_struct *find_task(int number)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct pid *own = BPF_CORE_READ(task, thread_pid);
	struct upid *upid = (void *)own + bpf_core_field_offset(struct pid, numbers) +
			    BPF_CORE_READ(own, level) * bpf_core_type_size(struct upid);
	struct pid_namespace *space = BPF_CORE_READ(upid, ns);
	unsigned long entry = (unsigned long)BPF_CORE_READ(space, idr.idr_rt.xa_head);
	unsigned long index = (unsigned int)number;
	struct xa_node *node;
	unsigned long *slot;
	unsigned char shift;
	int depth;

	if (number <= 0)
		return 0;
	for (depth = 0; depth < XA_DEPTH_MAX; depth++) {
		if (!is_node(entry))
			break;
		node = (struct xa_node *)(entry - 2);
		shift = BPF_CORE_READ(node, shift);
		if (depth == 0 && index >> shift >> XA_CHUNK_SHIFT)
			return 0;
		slot = (void *)node + bpf_core_field_offset(struct xa_node, slots);
		slot += (index >> shift) & ((1 << XA_CHUNK_SHIFT) - 1);
		entry = 0;
		bpf_probe_read_kernel(&entry, sizeof(entry), slot);
	}
	if (is_node(entry) || (depth == 0 && index))
		return 0;
	return first_task((struct pid *)entry);
}

#endif
