/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef EXECSNOOP_H
#define EXECSNOOP_H

/// A program that was started, or should have been.
/// @view table pid, ppid, pcomm="PARENT":15, uid:8, ret="RESULT":8, file:28, args
struct event {
	/// @format timestamp ns
	unsigned long long time;
	/// Id of the cgroup (v2): the inode of its directory.
	/// @format cgroup
	/// @hidden
	unsigned long long cgroup;
	int pid;
	int ppid;
	/// @format uid
	unsigned int uid;
	/// 0, or why it failed.
	/// @format result
	int ret;
	/// Bytes of the arguments that did not fit into the event.
	/// @hidden
	unsigned int args_missing;
	/// The program's whole path, in the eyes of the process.
	/// @text_in texts
	/// @hidden !failed
	unsigned int file;
	/// @texts_in texts
	/// @format command args_missing
	unsigned int args;
	/// The name of the new program; of the old one when the call failed.
	/// @format comm
	/// @hidden
	char comm[16];
	/// The parent's name.
	/// @format comm
	char pcomm[16];
	unsigned char texts[];
};

#endif
