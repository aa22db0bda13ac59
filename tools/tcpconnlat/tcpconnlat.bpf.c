// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "tcpconnlat.h"
#include "../common/connection-filter.bpf.h"
#include "../common/process-filter.bpf.h"

/* include/uapi/asm-generic/errno.h */
#define ENETUNREACH 101
#define ETIMEDOUT 110
#define ECONNREFUSED 111
#define EHOSTDOWN 112
#define EHOSTUNREACH 113

/// Trace how long TCP connections take to open, and those that never do: refused, timed out, unreachable, given up.
/// @brief Trace how long TCP connections take to open
/// @version 1.0
/// @example tcpconnlat --min 10ms
/// @example tcpconnlat --unsuccessful --rports 443,80
/// @example tcpconnlat --raddrs 10.0.0.0/8 --filter 'result != "connected"'
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// Only attempts that took at least this long
/// @cmdarg {"long": "min", "short": "m"}
/// @format duration ns
const volatile __u64 min_ns = 0;
/// Only attempts that did not succeed
/// @cmdarg {"short": "x"}
const volatile bool unsuccessful = false;

/* Attempts that found a map or the ring buffer full. */
__u64 lost_events = 0;

/* An attempt that has no outcome yet. */
struct attempt {
	__u64 since;
	__u32 pid;
	__u32 tid;
	__u32 uid;
	/* connect(2) has not returned: it knows better than the socket why it fails. */
	bool calling;
	char comm[COMM_LENGTH];
};

/* By socket. An entry is taken out when its socket leaves SYN_SENT, which every one does sooner or later. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct attempt);
} attempts SEC(".maps");

/* What a thread that is inside tcp_v*_connect() was asked for. A return probe may be missed, and the entry then stays. */
struct call {
	__u64 sk;
	__u64 to;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 2048);
	__type(key, __u64);
	__type(value, struct call);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

static __always_inline void lost(void)
{
	__sync_fetch_and_add(&lost_events, 1);
}

static __always_inline int begin(__u64 sk, bool calling)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct attempt attempt = { .since = bpf_ktime_get_ns(), .calling = calling };

	if (!wanted())
		return 0;
	attempt.pid = id >> 32;
	attempt.tid = id;
	attempt.uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(attempt.comm, sizeof(attempt.comm));
	if (bpf_map_update_elem(&attempts, &sk, &attempt, BPF_ANY))
		lost();
	return 0;
}

static __always_inline enum outcome outcome_of(int error)
{
	switch (error) {
	case 0:
		return connected;
	case ECONNREFUSED:
		return refused;
	case ETIMEDOUT:
		return timed_out;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EHOSTDOWN:
		return unreachable;
	default:
		return failed;
	}
}

static __always_inline void
end(__u64 sk, const struct attempt *attempt, const struct endpoints *ends, enum outcome result, int error)
{
	__u64 now = bpf_ktime_get_ns();
	__u64 latency = now - attempt->since;
	struct event *event;

	if (latency < min_ns || (unsuccessful && result == connected) || !connects_wanted(ends))
		goto out;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		lost();
		goto out;
	}
	event->at = now;
	event->latency_ns = latency;
	event->pid = attempt->pid;
	event->tid = attempt->tid;
	event->uid = attempt->uid;
	event->result = result;
	event->error = error;
	event->family = ends->family;
	event->lport = ends->lport;
	event->rport = ends->rport;
	__builtin_memcpy(event->comm, attempt->comm, sizeof(event->comm));
	__builtin_memcpy(event->laddr, ends->laddr, sizeof(event->laddr));
	__builtin_memcpy(event->raddr, ends->raddr, sizeof(event->raddr));
	bpf_ringbuf_submit(event, 0);
out:
	bpf_map_delete_elem(&attempts, &sk);
}

/*
 * Every attempt that got as far as sending a SYN ends here, whatever it ends with. A program of a plain tracepoint would miss
 * those that end in an interrupt of another such program.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(answered, struct sock *sk, int old_state, int new_state)
{
	__u64 id = (__u64)sk;
	struct attempt *attempt;
	struct endpoints ends = {};
	enum outcome result = connected;
	int error = 0;

	if (new_state != TCP_ESTABLISHED && new_state != TCP_CLOSE)
		return 0;
	attempt = bpf_map_lookup_elem(&attempts, &id);
	if (!attempt)
		return 0;
	if (new_state == TCP_CLOSE) {
		error = sk->sk_err;
		if (error)
			result = outcome_of(error);
		else if (attempt->calling)
			return 0;
		else
			/* The socket becomes SS_CONNECTING when connect(2) has done its part (net/ipv4/af_inet.c). */
			result = BPF_CORE_READ(sk, sk_socket, state) == SS_UNCONNECTED ? failed : given_up;
	}
	read_endpoints(&ends, sk, true);
	end(id, attempt, &ends, result, error);
	return 0;
}

/* connect(2) returns. Unless it failed at once the answer is still to come. `to` is what the caller wanted to reach. */
static __always_inline int called(__u64 sk, const struct sockaddr *to, int ret)
{
	struct attempt *attempt = bpf_map_lookup_elem(&attempts, &sk);
	struct endpoints ends = {};

	if (!attempt)
		return 0;
	if (ret >= 0) {
		attempt->calling = false;
		return 0;
	}
	/* A socket that failed has lost its addresses, or never had any. */
	bpf_probe_read_kernel(&ends.family, sizeof(ends.family), &to->sa_family);
	if (ends.family == AF_INET) {
		struct sockaddr_in address;

		bpf_probe_read_kernel(&address, sizeof(address), to);
		ends.rport = bpf_ntohs(address.sin_port);
		__builtin_memcpy(ends.raddr, &address.sin_addr, 4);
	} else if (ends.family == AF_INET6) {
		struct sockaddr_in6 address;

		bpf_probe_read_kernel(&address, sizeof(address), to);
		ends.rport = bpf_ntohs(address.sin6_port);
		__builtin_memcpy(ends.raddr, &address.sin6_addr, 16);
	}
	end(sk, attempt, &ends, outcome_of(-ret), -ret);
	return 0;
}

/// @one-of connect/fentry
SEC("fentry/tcp_v4_connect")
int BPF_PROG(connect_v4, struct sock *sk)
{
	return begin((__u64)sk, true);
}

/// @one-of connect/fentry
SEC("fexit/tcp_v4_connect")
int BPF_PROG(connected_v4, struct sock *sk, struct sockaddr *to, int length, int ret)
{
	return called((__u64)sk, to, ret);
}

/* For an IPv4 address it calls tcp_v4_connect(), and the attempt simply begins again. */
/// @one-of connect/fentry
SEC("fentry/tcp_v6_connect")
int BPF_PROG(connect_v6, struct sock *sk)
{
	return begin((__u64)sk, true);
}

/// @one-of connect/fentry
SEC("fexit/tcp_v6_connect")
int BPF_PROG(connected_v6, struct sock *sk, struct sockaddr *to, int length, int ret)
{
	return called((__u64)sk, to, ret);
}

static __always_inline int kprobe_call(struct sock *sk, struct sockaddr *to)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct call call = { .sk = (__u64)sk, .to = (__u64)to };

	bpf_map_update_elem(&calls, &id, &call, BPF_ANY);
	return begin((__u64)sk, true);
}

static __always_inline int kprobe_return(int ret)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct call *call = bpf_map_lookup_elem(&calls, &id);

	if (!call)
		return 0;
	called(call->sk, (const struct sockaddr *)call->to, ret);
	bpf_map_delete_elem(&calls, &id);
	return 0;
}

/// @one-of connect/kprobe
SEC("kprobe/tcp_v4_connect")
int BPF_KPROBE(connect_v4_kprobe, struct sock *sk, struct sockaddr *to)
{
	return kprobe_call(sk, to);
}

/// @one-of connect/kprobe
SEC("kretprobe/tcp_v4_connect")
int BPF_KRETPROBE(connected_v4_kprobe, int ret)
{
	return kprobe_return(ret);
}

/// @one-of connect/kprobe
SEC("kprobe/tcp_v6_connect")
int BPF_KPROBE(connect_v6_kprobe, struct sock *sk, struct sockaddr *to)
{
	return kprobe_call(sk, to);
}

/// @one-of connect/kprobe
SEC("kretprobe/tcp_v6_connect")
int BPF_KRETPROBE(connected_v6_kprobe, int ret)
{
	return kprobe_return(ret);
}

/* Not tp_btf: in one section with answered() it would come before the other rungs. */
/// @one-of connect/tracepoint
/// @note attempts that fail before a SYN is sent, such as those without a route, are not seen
SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(connect_tracepoint, struct sock *sk, int old_state, int new_state)
{
	if (new_state != TCP_SYN_SENT || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	return begin((__u64)sk, false);
}
