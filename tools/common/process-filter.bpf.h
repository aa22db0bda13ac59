/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef PROCESS_FILTER_BPF_H
#define PROCESS_FILTER_BPF_H

#include "filters.bpf.h"

/* --pid, --tid, --uid, --comm and --cgroup, which every tool takes that looks at what processes do. */

/// @filter pid
/// @ignore
const volatile pid_t pid_target = 0;
/// @filter tid
/// @ignore
const volatile pid_t tid_target = 0;
/// @filter uid
/// @ignore
const volatile uid_t uid_target = ALL_USERS;
/// @filter comm
/// @ignore
const volatile char comm_target[COMM_LENGTH] = "";
/// @ignore
const volatile bool filter_cg = false;

/* Whether the current thread is one of those that the run looks at. */
static __always_inline bool wanted(void)
{
	__u64 id = bpf_get_current_pid_tgid();

	if (pid_target && pid_target != (pid_t)(id >> 32))
		return false;
	if (tid_target && tid_target != (pid_t)id)
		return false;
	if (uid_target != ALL_USERS && uid_target != (uid_t)bpf_get_current_uid_gid())
		return false;
	if (filter_cg && !in_cgroup())
		return false;
	return comm_is(comm_target);
}

#endif
