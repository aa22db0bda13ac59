// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "tcpstates.h"
#include "../common/connection-filter.bpf.h"
/* Most changes are made in the name of no process that could be asked for its cgroup. */
#define WITHOUT_CGROUP
#include "../common/filters.bpf.h"
#include "../common/open-file.bpf.h"

/* include/uapi/linux/stat.h */
#define S_IFMT 0170000
#define S_IFSOCK 0140000

/// Trace TCP sockets as they change their state: how long they were in the old one, and whose they are.
/// @brief Trace TCP sockets as they change their state
/// @version 1.0
/// @example tcpstates --lports 80,443
/// @example tcpstates --raddrs 10.0.0.0/8 --pid 1234
/// @example tcpstates --filter 'shown.old_state == "FIN_WAIT2" && in_state_ns > 1000000000'
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// @filter pid
/// @ignore
const volatile pid_t pid_target = 0;
/// @filter comm
/// @ignore
const volatile char comm_target[COMM_LENGTH] = "";

/* Events that found the ring buffer full. */
__u64 lost_events = 0;

struct owner {
	__u32 pid;
	char comm[COMM_LENGTH];
};

struct known {
	/* When it came into its state; 0 when nobody saw that. */
	__u64 since;
	struct owner owner;
};

/* By socket, until it is closed. Without room for one its next change is shown without owner and duration. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct known);
} sockets SEC(".maps");

/* Where somebody listens. IPv4 is in the address as ::ffff:a.b.c.d. */
struct door {
	__u64 net;
	__u8 address[16];
	__u32 port;
	__u32 pad;
};

/* Who listens there; a pid of 0 when there are several. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct door);
	__type(value, struct owner);
} listeners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

static __always_inline void owner_of_task(struct owner *owner, struct task_struct *task)
{
	owner->pid = BPF_CORE_READ(task, tgid);
	BPF_CORE_READ_STR_INTO(&owner->comm, task, group_leader, comm);
}

static __always_inline void door_of(struct door *door, const struct sock *sk, const struct endpoints *ends)
{
	door->net = (__u64)BPF_CORE_READ(sk, __sk_common.skc_net.net);
	door->port = ends->lport;
	if (ends->family == AF_INET) {
		door->address[10] = 0xff;
		door->address[11] = 0xff;
		__builtin_memcpy(door->address + 12, ends->laddr, 4);
	} else {
		__builtin_memcpy(door->address, ends->laddr, 16);
	}
}

static __always_inline void listens(const struct sock *sk, const struct endpoints *ends, const struct owner *owner)
{
	struct door door = {};
	struct owner *other;

	door_of(&door, sk, ends);
	other = bpf_map_lookup_elem(&listeners, &door);
	/* With SO_REUSEPORT several processes share a door: whose a connection is shows when it is accepted. */
	if (other && other->pid != owner->pid)
		__builtin_memset(other, 0, sizeof(*other));
	else
		bpf_map_update_elem(&listeners, &door, owner, BPF_ANY);
}

static __always_inline void listens_no_more(const struct sock *sk, const struct endpoints *ends)
{
	struct door door = {};

	door_of(&door, sk, ends);
	bpf_map_delete_elem(&listeners, &door);
}

/* Who listens where a connection comes in: at its address, or at all addresses of either family. */
static __always_inline struct owner *listener_of(const struct sock *sk, const struct endpoints *ends)
{
	struct door door = {};
	struct owner *owner;

	door_of(&door, sk, ends);
	owner = bpf_map_lookup_elem(&listeners, &door);
	if (owner)
		return owner;
	__builtin_memset(door.address, 0, sizeof(door.address));
	owner = bpf_map_lookup_elem(&listeners, &door);
	if (owner)
		return owner;
	door.address[10] = 0xff;
	door.address[11] = 0xff;
	return bpf_map_lookup_elem(&listeners, &door);
}

/*
 * A change is either made by a task that holds the lock of the socket (lock_sock() sets `owned`), which is a task that uses
 * it; or by the kernel on behalf of a packet or a timer, in the middle of whatever task was running.
 */
static __always_inline bool task_holds(const struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_lock.owned) != 0;
}

static __always_inline bool wanted(const struct endpoints *ends, const struct owner *owner)
{
	if (pid_target && pid_target != (pid_t)owner->pid)
		return false;
	if (comm_target[0] && !same_comm(owner->comm, comm_target))
		return false;
	return connects_wanted(ends);
}

/* A program of a plain tracepoint would miss what happens in an interrupt of another such program. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(changed, struct sock *sk, int old_state, int new_state)
{
	__u64 id = (__u64)sk;
	struct known *known, now = { .since = bpf_ktime_get_ns() };
	struct endpoints ends = {};
	struct event *event;
	struct owner *listener;
	__u64 since = 0;

	/* close(2) after shutdown(2) sets FIN_WAIT1 once more: no change. */
	if (old_state == new_state || sk->sk_protocol != IPPROTO_TCP || !read_endpoints(&ends, sk, true))
		return 0;
	known = bpf_map_lookup_elem(&sockets, &id);
	if (known) {
		since = known->since;
		now.owner = known->owner;
	}
	/* A new connection is a copy of the socket that listens, which it is not known as yet. */
	if (new_state == TCP_SYN_RECV && old_state == TCP_LISTEN) {
		listener = listener_of(sk, &ends);
		since = 0;
		if (listener)
			now.owner = *listener;
		else
			__builtin_memset(&now.owner, 0, sizeof(now.owner));
	} else if (task_holds(sk)) {
		owner_of_task(&now.owner, (struct task_struct *)bpf_get_current_task());
	}
	if (new_state == TCP_LISTEN)
		listens(sk, &ends, &now.owner);
	else if (old_state == TCP_LISTEN && new_state == TCP_CLOSE)
		listens_no_more(sk, &ends);
	if (new_state == TCP_CLOSE)
		bpf_map_delete_elem(&sockets, &id);
	else
		bpf_map_update_elem(&sockets, &id, &now, BPF_ANY);

	if (!wanted(&ends, &now.owner))
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&lost_events, 1);
		return 0;
	}
	event->at = now.since;
	event->in_state_ns = since ? now.since - since : -1;
	event->socket = id;
	event->pid = now.owner.pid;
	event->old_state = old_state;
	event->new_state = new_state;
	event->family = ends.family;
	event->lport = ends.lport;
	event->rport = ends.rport;
	__builtin_memcpy(event->comm, now.owner.comm, sizeof(event->comm));
	__builtin_memcpy(event->laddr, ends.laddr, sizeof(event->laddr));
	__builtin_memcpy(event->raddr, ends.raddr, sizeof(event->raddr));
	bpf_ringbuf_submit(event, 0);
	return 0;
}

static __always_inline struct sock *sock_of(const struct file *file)
{
	const struct socket *socket = BPF_CORE_READ(file, private_data);

	return BPF_CORE_READ(socket, sk);
}

/* Whoever accepts a connection owns it from now on. */
static __always_inline int accepted(long fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct file *file = file_of(fd);
	struct known *known;
	__u64 id;

	if (!file)
		return 0;
	id = (__u64)sock_of(file);
	known = bpf_map_lookup_elem(&sockets, &id);
	if (known)
		owner_of_task(&known->owner, task);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_accept")
int exit_accept(struct trace_event_raw_sys_exit *ctx)
{
	return accepted(ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_accept4")
int exit_accept4(struct trace_event_raw_sys_exit *ctx)
{
	return accepted(ctx->ret);
}

/* Walks once over the open files of all processes, so that sockets from before have owners too. */
/// @optional
SEC("iter/task_file")
int from_before(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct known known = {};
	struct endpoints ends = {};
	struct sock *sk;
	__u64 id;

	if (!task || !file)
		return 0;
	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	sk = sock_of(file);
	if (!sk || BPF_CORE_READ(sk, sk_type) != SOCK_STREAM || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_CLOSE || !read_endpoints(&ends, sk, false))
		return 0;
	owner_of_task(&known.owner, task);
	id = (__u64)sk;
	/* Processes that share a socket come one after the other: it belongs to the first. */
	if (bpf_map_update_elem(&sockets, &id, &known, BPF_NOEXIST))
		return 0;
	if (BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_LISTEN)
		listens(sk, &ends, &known.owner);
	return 0;
}
