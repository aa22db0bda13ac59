// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "../common/connection-filter.bpf.h"
#include "../common/entry.bpf.h"
#include "../common/process-filter.bpf.h"
#include "tcptop.h"

/* include/uapi/linux/stat.h */
#define S_IFMT 0170000
#define S_IFSOCK 0140000

/// Show which TCP connections and processes send and receive most.
/// @brief Show which TCP connections carry most
/// @version 1.0
/// @example tcptop --interval 5
/// @example tcptop --per process --raddrs 10.0.0.0/8
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// Count by connection, by process, or by remote address
const volatile enum tcptop_per per = PER_CONNECTION;

/* What was counted nowhere because there was no room for one more connection. */
__u64 lost_events = 0;

/// @sample {"interval": 1000, "type": "top", "sort": "-total_bytes", "rows": 20, "clear_map": true}
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct tcptop_key);
	__type(value, struct tcptop_value);
} traffic SEC(".maps");

/* How far each end of a socket was when it was last looked at, as sequence numbers. */
struct position {
	__u32 received;
	__u32 sent;
};

/* By socket, until it is closed. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct position);
} positions SEC(".maps");

/* Sockets of threads that are inside tcp_sendmsg(). A return probe may be missed, and the entry then stays. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct sock *);
} sending SEC(".maps");

static struct tcptop_value zero;

static __always_inline int count(const struct sock *sk, __u64 received, __u64 sent, bool typed)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct endpoints ends = {};
	struct tcptop_key key = {};
	struct tcptop_value *value;

	if (!wanted())
		return 0;
	if ((per != PER_PROCESS || chooses_connections()) && (!read_endpoints(&ends, sk, typed) || !connects_wanted(&ends)))
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
	value = entry_of(&traffic, &key, &zero);
	if (!value)
		return 0;
	if (received)
		__sync_fetch_and_add(&value->received, received);
	if (sent)
		__sync_fetch_and_add(&value->sent, sent);
	__sync_fetch_and_add(&value->total_bytes, received + sent);
	return 0;
}

static __always_inline struct position position_of(const struct sock *sk)
{
	const struct tcp_sock *tcp = (const struct tcp_sock *)sk;
	struct position position = {
		.received = BPF_CORE_READ(tcp, copied_seq),
		.sent = BPF_CORE_READ(tcp, write_seq),
	};

	return position;
}

/* Where a socket was. Null for one that is new: it begins where it is now. */
static __always_inline struct position *last_position(const struct sock *sk)
{
	__u64 id = (__u64)sk;
	struct position *last = bpf_map_lookup_elem(&positions, &id), now;

	if (last)
		return last;
	now = position_of(sk);
	if (bpf_map_update_elem(&positions, &id, &now, BPF_NOEXIST))
		__sync_fetch_and_add(&lost_events, 1);
	return NULL;
}

/*
 * Called whenever bytes were copied to whoever reads, while it holds the socket. What it only looks at with MSG_PEEK stays
 * where it is.
 */
SEC("tp_btf/tcp_rcv_space_adjust")
int BPF_PROG(received, struct sock *sk)
{
	struct position *last = last_position(sk);
	__u32 bytes, now;

	if (!last)
		return 0;
	now = BPF_CORE_READ((const struct tcp_sock *)sk, copied_seq);
	bytes = now - last->received;
	last->received = now;
	return bytes ? count(sk, bytes, 0, true) : 0;
}

/* What was written since the last look. */
static __always_inline int sent_since(const struct sock *sk, bool typed)
{
	struct position *last = last_position(sk);
	__u32 bytes, now;

	if (!last)
		return 0;
	now = BPF_CORE_READ((const struct tcp_sock *)sk, write_seq);
	bytes = now - last->sent;
	last->sent = now;
	return bytes ? count(sk, 0, bytes, typed) : 0;
}

/* Set where returns may be missed, for then what is left is counted when the socket is closed. */
static bool by_position = false;

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(changed, struct sock *sk, int old_state, int new_state)
{
	struct position now = position_of(sk);
	__u64 id = (__u64)sk;

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	if (new_state == TCP_ESTABLISHED)
		bpf_map_update_elem(&positions, &id, &now, BPF_ANY);
	else if (by_position && (old_state == TCP_ESTABLISHED || old_state == TCP_CLOSE_WAIT) && sk->sk_lock.owned)
		sent_since(sk, true);
	if (new_state == TCP_CLOSE)
		bpf_map_delete_elem(&positions, &id);
	return 0;
}

/* Walks once over the open files of all processes: connections from before begin where they are now. */
/// @optional
SEC("iter/task_file")
int from_before(struct bpf_iter__task_file *ctx)
{
	struct file *file = ctx->file;
	const struct socket *socket;
	struct position now;
	struct sock *sk;
	__u64 id;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	if (!sk || BPF_CORE_READ(sk, sk_type) != SOCK_STREAM || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_CLOSE || BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_LISTEN)
		return 0;
	id = (__u64)sk;
	now = position_of(sk);
	bpf_map_update_elem(&positions, &id, &now, BPF_NOEXIST);
	return 0;
}

/// @one-of send/fentry
SEC("fexit/tcp_sendmsg")
int BPF_PROG(sent_fexit, struct sock *sk, struct msghdr *message, size_t size, int ret)
{
	return ret > 0 ? count(sk, 0, ret, true) : 0;
}

/*
 * The kernel keeps room for as many returns as there are CPUs or a few more, and misses the others, while many threads wait
 * in tcp_sendmsg() for room to send. So it is not the result that counts here.
 */
/// @one-of send/kprobe
SEC("kprobe/tcp_sendmsg")
int BPF_KPROBE(sends_kprobe, struct sock *sk)
{
	__u64 id = bpf_get_current_pid_tgid();

	by_position = true;
	bpf_map_update_elem(&sending, &id, &sk, BPF_ANY);
	return sent_since(sk, false);
}

/// @one-of send/kprobe
SEC("kretprobe/tcp_sendmsg")
int BPF_KRETPROBE(sent_kprobe)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct sock **found = bpf_map_lookup_elem(&sending, &id), *sk;

	if (!found)
		return 0;
	sk = *found;
	bpf_map_delete_elem(&sending, &id);
	return sent_since(sk, false);
}

/* Linux 6.3 */
/// @one-of send/tracepoint
SEC("tp_btf/sock_send_length")
int BPF_PROG(sent_tracepoint, struct sock *sk, int ret, int flags)
{
	return sk->sk_protocol == IPPROTO_TCP && ret > 0 ? count(sk, 0, ret, true) : 0;
}

/* sendfile(2) before Linux 6.5. */
/// @optional
SEC("fexit/tcp_sendpage")
int BPF_PROG(sent_page, struct sock *sk, struct page *page, int offset, size_t size, int flags, int ret)
{
	return ret > 0 && !by_position ? count(sk, 0, ret, true) : 0;
}
