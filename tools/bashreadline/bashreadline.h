/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef BASHREADLINE_H
#define BASHREADLINE_H

/// A line that somebody entered at a prompt.
/// @view table pid, uid:8, tty:6, comm:15, line
struct event {
	/// When it was entered.
	/// @format timestamp ns
	unsigned long long time;
	/// Id of the cgroup (v2): the inode of its directory.
	/// @format cgroup
	/// @hidden
	unsigned long long cgroup;
	int pid;
	/// @hidden
	int ppid;
	/// @format uid
	unsigned int uid;
	/// The line is longer than what is shown of it.
	/// @hidden
	_Bool cut;
	/// The terminal.
	/// @format string
	char tty[16];
	/// @format comm
	char comm[16];
	/// @format string
	char line[];
};

#endif
