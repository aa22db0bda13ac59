/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef TCPSTATES_H
#define TCPSTATES_H

/* The states of include/net/tcp_states.h, under the names that ss(8) and RFC 9293 have for them. */
enum tcp_socket_state {
	ESTABLISHED = 1,
	SYN_SENT,
	SYN_RECV,
	FIN_WAIT1,
	FIN_WAIT2,
	TIME_WAIT,
	CLOSE,
	CLOSE_WAIT,
	LAST_ACK,
	LISTEN,
	CLOSING,
	NEW_SYN_RECV,
};

/// A socket that changes its state.
/// @view table pid, comm, old_state="OLDSTATE":11, new_state="NEWSTATE":11, in_state_ns="DURATION":>9, laddr:15, lport:>5, raddr:15, rport:>5
struct event {
	/// @format timestamp ns
	__u64 at;
	/// How long it was in the old state; none when nobody saw it come into that state
	/// @format duration ns
	/// @none -1
	__s64 in_state_ns;
	/// Tells sockets apart
	/// @format hex
	/// @hidden
	__u64 socket;
	/// The process that owns the socket; 0 when that is not known
	__u32 pid;
	/// @format enum tcp_socket_state
	enum tcp_socket_state old_state;
	/// @format enum tcp_socket_state
	enum tcp_socket_state new_state;
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
