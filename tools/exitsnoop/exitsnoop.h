/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef EXITSNOOP_H
#define EXITSNOOP_H

/// A process that ended; with --threads, a thread.
/// @view table pid, ppid, tid, comm:15, uid:8, duration_ns="AGE":>9, status
struct event {
	/// @format timestamp ns
	unsigned long long time;
	/// From fork to exit.
	/// @format duration ns
	unsigned long long duration_ns;
	/// Id of the cgroup (v2): the inode of its directory.
	/// @format cgroup
	/// @hidden
	unsigned long long cgroup;
	int pid;
	int ppid;
	/// The thread that ended; of a process the last one.
	int tid;
	/// @format uid
	unsigned int uid;
	/// What the parent gets from wait(2).
	/// @format exit
	unsigned int status;
	/// As passed to exit(2), 0 to 255; 0 when a signal ended the process.
	/// @hidden
	unsigned int exit_code;
	/// The signal that ended the process, 0 when it called exit.
	/// @format signal
	/// @hidden
	unsigned int sig;
	/// @hidden
	_Bool core_dumped;
	/// @format comm
	char comm[16];
};

#endif
