/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef TCPCONNLAT_H
#define TCPCONNLAT_H

/* What became of an attempt to connect. */
enum outcome {
	connected,
	/* The other side said no: nobody listens there. */
	refused,
	/* No answer, until the kernel gave up. */
	timed_out,
	/* No way there, or a router said so. */
	unreachable,
	/* The caller closed the socket before there was an answer. */
	given_up,
	/* Anything else; `error` tells. */
	failed,
};

/// An attempt to connect that has come to an end.
/// @view table pid, comm, result, latency_ns="LATENCY":>9, laddr:15, lport:>5, raddr:15, rport:>5
struct event {
	/// When it ended
	/// @format timestamp ns
	__u64 at;
	/// From connect(2) to the answer
	/// @format duration ns
	__u64 latency_ns;
	/// The process that called connect(2)
	__u32 pid;
	/// @hidden
	__u32 tid;
	/// @format uid
	/// @hidden
	__u32 uid;
	/// What came of it: connected, refused, timed_out, unreachable, given_up, failed
	/// @format enum outcome
	enum outcome result;
	/// @format errno
	/// @hidden
	__s32 error;
	/// AF_INET (2) or AF_INET6 (10)
	/// @hidden
	__u16 family;
	/// @format port host
	__u16 lport;
	/// @format port host
	__u16 rport;
	char comm[16];
	/// @format ip family
	__u8 laddr[16];
	/// @format ip family
	__u8 raddr[16];
};

#endif
