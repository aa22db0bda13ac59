/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef SIGSNOOP_H
#define SIGSNOOP_H

/* What came of a signal (include/trace/events/signal.h), or of asking with signal 0. */
enum signal_result {
	NOTHING = -1,
	DELIVERED,
	IGNORED,
	ALREADY_PENDING,
	QUEUE_FULL,
	INFO_LOST,
	EXISTS,
};

/// A signal that was sent, or should have been.
/// @view table pid, comm:15, sig="SIG":11, tpid, tcomm="TCOMM":15, result:15, via
struct event {
	/// @format timestamp ns
	unsigned long long time;
	/// The sender's cgroup (v2): the inode of its directory.
	/// @format cgroup
	/// @hidden
	unsigned long long cgroup;
	/// The sender.
	int pid;
	/// @hidden
	int tid;
	/// @format uid
	/// @hidden
	unsigned int uid;
	/// @format signal
	int sig;
	/// si_code of sigaction(2): why the signal was sent.
	/// @hidden
	int code;
	/// The target; as the caller named it when there is no such process.
	int tpid;
	/// The thread that was chosen, or meant.
	/// @hidden
	int ttid;
	/// 0 or above: what came of the signal. Below: why the call failed.
	/// @format result signal_result
	int result;
	/// @format comm
	char comm[16];
	/// @format comm
	char tcomm[16];
	/// The system call that sent it, or kernel.
	/// @format string
	char via[20];
};

#endif
