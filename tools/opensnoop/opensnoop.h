/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef OPENSNOOP_H
#define OPENSNOOP_H

/// A file that was opened, or should have been.
/// @view table pid, comm:15, fd:>4, err="ERR":8, path:40, flags
struct event {
	/// When the call returned.
	/// @format timestamp ns
	unsigned long long time;
	/// How long the call took.
	/// @format duration ns
	/// @hidden
	unsigned long long latency_ns;
	/// Id of the cgroup (v2): the inode of its directory.
	/// @format cgroup
	/// @hidden
	unsigned long long cgroup;
	int pid;
	/// @hidden
	int tid;
	/// @hidden
	int ppid;
	/// @format uid
	/// @hidden
	unsigned int uid;
	/// The new descriptor, -1 when the call failed.
	int fd;
	/// Why the call failed, 0 when it did not.
	/// @format errno
	int err;
	/// As passed by the caller.
	/// @format flags open
	unsigned int flags;
	/// Permissions of a new file, as passed by the caller.
	/// @format octal
	/// @hidden
	unsigned int mode;
	/// @format comm
	char comm[16];
	/// The whole path, in the eyes of the process.
	/// @format string
	char path[];
};

#endif
