// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "../common/endpoints.bpf.h"
#include "../common/filters.bpf.h"
#include "tcptop.h"

/* include/linux/socket.h */
#define MSG_PEEK 2

/// Show which TCP connections and processes send and receive most.
/// @brief Show which TCP connections carry most
/// @version 1.0
/// @example tcptop --interval 5
/// @example tcptop --per process --raddrs 10.0.0.0/8
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// @filter pid
/// @ignore
const volatile pid_t pid_target = 0;
/// @filter comm
/// @ignore
const volatile char comm_target[COMM_LENGTH] = "";
/// @ignore
const volatile bool filter_cg = false;
/// Count by connection, by process, or by remote address
const volatile enum tcptop_per per = PER_CONNECTION;
/// Only IPv4
/// @cmdarg {"long": "ipv4", "short": "4"}
const volatile bool only_v4 = false;
/// Only IPv6
/// @cmdarg {"long": "ipv6", "short": "6"}
const volatile bool only_v6 = false;
/// @ignore
const volatile bool filter_lports = false;
/// @ignore
const volatile bool filter_rports = false;
/// @ignore
const volatile bool filter_raddrs = false;

/// Only connections with these ports
/// @cmdarg {"long": "lports", "short": "L", "enables": "filter_lports"}
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PORTS_MAX);
	__type(key, __u16);
	__type(value, __u8);
} lports SEC(".maps");

/// Only connections to these ports
/// @cmdarg {"long": "rports", "short": "P", "enables": "filter_rports"}
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PORTS_MAX);
	__type(key, __u16);
	__type(value, __u8);
} rports SEC(".maps");

/// Only connections to these addresses or networks
/// @cmdarg {"long": "raddrs", "short": "A", "enables": "filter_raddrs"}
/// @format key ip
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, NETWORKS_MAX);
	__type(key, struct network);
	__type(value, __u8);
} raddrs SEC(".maps");

/* Sends and receives that were counted nowhere because there was no room for one more connection. */
__u64 lost_events = 0;

/// @sample {"interval": 1000, "type": "top", "sort": "-total_bytes", "rows": 20, "clear_map": true}
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct tcptop_key);
	__type(value, struct tcptop_value);
} traffic SEC(".maps");

/* A thread that is inside tcp_recvmsg() or tcp_sendmsg(). A return probe may be missed, and the entry then stays. */
struct call {
	struct sock *sk;
	__u32 copied;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct call);
} receiving SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct sock *);
} sending SEC(".maps");

static struct tcptop_value zero;

static __always_inline bool wanted(const struct endpoints *ends)
{
	if (pid_target && pid_target != (pid_t)(bpf_get_current_pid_tgid() >> 32))
		return false;
	if ((only_v4 && ends->family != AF_INET) || (only_v6 && ends->family != AF_INET6))
		return false;
	if (filter_lports && !bpf_map_lookup_elem(&lports, &ends->lport))
		return false;
	if (filter_rports && !bpf_map_lookup_elem(&rports, &ends->rport))
		return false;
	if (filter_raddrs && !in_networks(&raddrs, ends->family, ends->raddr))
		return false;
	if (filter_cg && !in_cgroup())
		return false;
	return comm_is(comm_target);
}

static __always_inline int count(const struct sock *sk, __u64 received, __u64 sent)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct endpoints ends = {};
	struct tcptop_key key = {};
	struct tcptop_value *value;

	if (!read_endpoints(&ends, sk) || !wanted(&ends))
		return 0;
	if (per != PER_REMOTE) {
		key.pid = bpf_get_current_pid_tgid() >> 32;
		BPF_CORE_READ_STR_INTO(&key.comm, task, group_leader, comm);
	}
	if (per != PER_PROCESS) {
		key.family = ends.family;
		__builtin_memcpy(key.raddr, ends.raddr, sizeof(key.raddr));
	}
	if (per == PER_CONNECTION) {
		key.lport = ends.lport;
		key.rport = ends.rport;
		__builtin_memcpy(key.laddr, ends.laddr, sizeof(key.laddr));
	}
	value = bpf_map_lookup_elem(&traffic, &key);
	if (!value) {
		bpf_map_update_elem(&traffic, &key, &zero, BPF_NOEXIST);
		value = bpf_map_lookup_elem(&traffic, &key);
		if (!value) {
			__sync_fetch_and_add(&lost_events, 1);
			return 0;
		}
	}
	if (received)
		__sync_fetch_and_add(&value->received, received);
	if (sent)
		__sync_fetch_and_add(&value->sent, sent);
	__sync_fetch_and_add(&value->total_bytes, received + sent);
	return 0;
}

static __always_inline __u32 copied_of(const struct sock *sk)
{
	return BPF_CORE_READ((const struct tcp_sock *)sk, copied_seq);
}

static __always_inline int receives(struct sock *sk)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct call call = { .sk = sk, .copied = copied_of(sk) };

	bpf_map_update_elem(&receiving, &id, &call, BPF_ANY);
	return 0;
}

/*
 * What was copied to the caller is received when it has left the queue: a look with MSG_PEEK leaves it there. The flags would
 * tell as well, but their place among the arguments changed with Linux 5.19.
 */
static __always_inline int received(int bytes)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct call *found = bpf_map_lookup_elem(&receiving, &id), call;

	if (!found)
		return 0;
	call = *found;
	bpf_map_delete_elem(&receiving, &id);
	if (bytes <= 0 || copied_of(call.sk) == call.copied)
		return 0;
	return count(call.sk, bytes, 0);
}

/// @one-of traffic/fentry
SEC("fexit/tcp_sendmsg")
int BPF_PROG(sent_fexit, struct sock *sk, struct msghdr *message, size_t size, int ret)
{
	return ret > 0 ? count(sk, 0, ret) : 0;
}

/// @one-of traffic/fentry
SEC("fentry/tcp_recvmsg")
int BPF_PROG(receives_fentry, struct sock *sk)
{
	return receives(sk);
}

/* The result stands behind the arguments, whose number changed with Linux 5.19; since 5.17 the kernel can be asked for it. */
/// @one-of traffic/fentry
SEC("fexit/tcp_recvmsg")
int received_fexit(__u64 *ctx)
{
	__u64 ret = 0;

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_func_ret))
		bpf_get_func_ret(ctx, &ret);
	else
		ret = ctx[6];
	return received(ret);
}

/// @one-of traffic/kprobe
SEC("kprobe/tcp_sendmsg")
int BPF_KPROBE(sends_kprobe, struct sock *sk)
{
	__u64 id = bpf_get_current_pid_tgid();

	bpf_map_update_elem(&sending, &id, &sk, BPF_ANY);
	return 0;
}

/// @one-of traffic/kprobe
SEC("kretprobe/tcp_sendmsg")
int BPF_KRETPROBE(sent_kprobe, int ret)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct sock **found = bpf_map_lookup_elem(&sending, &id), *sk;

	if (!found)
		return 0;
	sk = *found;
	bpf_map_delete_elem(&sending, &id);
	return ret > 0 ? count(sk, 0, ret) : 0;
}

/// @one-of traffic/kprobe
SEC("kprobe/tcp_recvmsg")
int BPF_KPROBE(receives_kprobe, struct sock *sk)
{
	return receives(sk);
}

/// @one-of traffic/kprobe
SEC("kretprobe/tcp_recvmsg")
int BPF_KRETPROBE(received_kprobe, int ret)
{
	return received(ret);
}

/* Linux 6.3 */
/// @one-of traffic/tracepoint
SEC("tp_btf/sock_send_length")
int BPF_PROG(sent_tracepoint, struct sock *sk, int ret, int flags)
{
	return sk->sk_protocol == IPPROTO_TCP && ret > 0 ? count(sk, 0, ret) : 0;
}

/// @one-of traffic/tracepoint
SEC("tp_btf/sock_recv_length")
int BPF_PROG(received_tracepoint, struct sock *sk, int ret, int flags)
{
	if (sk->sk_protocol != IPPROTO_TCP || ret <= 0 || flags & MSG_PEEK)
		return 0;
	return count(sk, ret, 0);
}

/* sendfile(2) before Linux 6.5. */
/// @optional
SEC("fexit/tcp_sendpage")
int BPF_PROG(sent_page, struct sock *sk, struct page *page, int offset, size_t size, int flags, int ret)
{
	return ret > 0 ? count(sk, 0, ret) : 0;
}
