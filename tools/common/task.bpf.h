/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef TASK_BPF_H
#define TASK_BPF_H

/* Members of kernels before 5.14 (state) and 6.1 (ancestor_ids), and of those after. */
struct task_struct___state {
	long state;
} __attribute__((preserve_access_index));

struct task_struct___new_state {
	unsigned int __state;
} __attribute__((preserve_access_index));

struct cgroup___ids {
	__u64 ancestor_ids[1];
} __attribute__((preserve_access_index));

struct cgroup___ancestors {
	struct cgroup *ancestors[1];
} __attribute__((preserve_access_index));

/* How deep below the root a cgroup is looked for. */
#define CGROUP_DEPTH 16

/* 0 while a task wants to run (TASK_RUNNING). */
static __always_inline unsigned int task_state(const struct task_struct *task)
{
	const struct task_struct___new_state *new = (const void *)task;
	const struct task_struct___state *old = (const void *)task;

	if (bpf_core_field_exists(new->__state))
		return BPF_CORE_READ(new, __state);
	return BPF_CORE_READ(old, state);
}

/* The number of the task's own pid namespace: that of its pid, not the one for its next children. */
static __always_inline __u32 task_pidns(const struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	unsigned int level = BPF_CORE_READ(pid, level);
	struct upid upid = {};

	bpf_probe_read_kernel(&upid, sizeof(upid), (void *)pid + bpf_core_field_offset(struct pid, numbers) +
						   level * bpf_core_type_size(struct upid));
	return BPF_CORE_READ(upid.ns, ns.inum);
}

/* The id of the task's cgroup (v2), as bpf_get_current_cgroup_id() has it for the current one. */
static __always_inline __u64 task_cgroup(const struct task_struct *task)
{
	return BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
}

/* Whether a task, which need not be the current one, is in a cgroup (v2) or below it. */
static __always_inline bool task_in_cgroup(const struct task_struct *task, __u64 wanted)
{
	struct cgroup *own = BPF_CORE_READ(task, cgroups, dfl_cgrp), *ancestor;
	int depth = BPF_CORE_READ(own, level), level;
	__u64 id;

	for (level = 0; level < CGROUP_DEPTH && level <= depth; level++) {
		if (bpf_core_field_exists(struct cgroup___ancestors, ancestors)) {
			bpf_probe_read_kernel(&ancestor, sizeof(ancestor),
					      (void *)own + bpf_core_field_offset(struct cgroup___ancestors, ancestors) +
						      level * sizeof(ancestor));
			id = BPF_CORE_READ(ancestor, kn, id);
		} else {
			bpf_probe_read_kernel(&id, sizeof(id),
					      (void *)own + bpf_core_field_offset(struct cgroup___ids, ancestor_ids) +
						      level * sizeof(id));
		}
		if (id == wanted)
			return true;
	}
	return false;
}

#endif
