/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef FILTERS_BPF_H
#define FILTERS_BPF_H

#define COMM_LENGTH 16
#define ALL_USERS ((uid_t)-1)

#ifndef WITHOUT_CGROUP
/* What --cgroup takes: the directory of a cgroup v2, for it and those below. */
struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} cgroup SEC(".maps");
#endif

/* Names of commands are padded with zeroes to their full length. `wanted` is a filter as the user gave it. */
static __always_inline bool same_comm(const char *comm, const volatile char *wanted)
{
	int index;

	for (index = 0; index < COMM_LENGTH; index++) {
		if (comm[index] != wanted[index])
			return false;
		if (comm[index] == '\0')
			return true;
	}
	return true;
}

/* Whether the current process has the name that is looked for; any will do when none is. */
static __always_inline bool comm_is(const volatile char *wanted)
{
	char comm[COMM_LENGTH] = {};

	if (!wanted[0])
		return true;
	bpf_get_current_comm(comm, sizeof(comm));
	return same_comm(comm, wanted);
}

#ifndef WITHOUT_CGROUP
/* Whether the current process is below the cgroup that is looked for. */
static __always_inline bool in_cgroup(void)
{
	return bpf_current_task_under_cgroup(&cgroup, 0) == 1;
}
#endif

#endif
