// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "../common/connection-filter.bpf.h"
#include "../common/entry.bpf.h"
#include "../common/histogram.bpf.h"
#include "tcprtt.h"

/// Show the round-trip times of TCP connections: histograms of the kernel's smoothed estimate, at every segment that arrives.
/// @brief Show the round-trip times of TCP connections
/// @version 1.0
/// @example tcprtt --by remote --interval 5
/// @example tcprtt --rports 443 --duration 10 --unit msecs
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// A histogram for each local address, remote address or pair of them, or one for all
const volatile enum tcprtt_by by = BY_ALL;
/// What is counted
const volatile enum time_unit unit = UNIT_USECS;

/* Segments that were counted nowhere because there was no room for one more address. */
__u64 lost_events = 0;

/// @sample {"interval": 1000, "type": "log2_hist", "unit": "usecs", "unit_from": "unit", "percentiles": [50, 90, 99, 99.9], "clear_map": true}
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct tcprtt_key);
	__type(value, struct tcprtt_value);
} rtts SEC(".maps");

static struct tcprtt_value zero;

/* A connection without an estimate yet has none to show. */
static __always_inline int count(const struct endpoints *ends, __u32 srtt_us)
{
	struct tcprtt_key key = {};
	struct tcprtt_value *value;

	if (!srtt_us || !connects_wanted(ends))
		return 0;
	if (by != BY_ALL)
		key.family = ends->family;
	if (by == BY_LOCAL || by == BY_BOTH)
		__builtin_memcpy(key.local, ends->laddr, sizeof(key.local));
	if (by == BY_REMOTE || by == BY_BOTH)
		__builtin_memcpy(key.remote, ends->raddr, sizeof(key.remote));
	value = entry_of(&rtts, &key, &zero);
	if (!value)
		return 0;
	__sync_fetch_and_add(&value->samples, 1);
	__sync_fetch_and_add(&value->total_us, srtt_us);
	count_in(value->slots, in_unit(srtt_us * 1000ULL, unit));
	return 0;
}

static __always_inline int arrives(const struct sock *sk, bool typed)
{
	struct endpoints ends = {};

	if ((by != BY_ALL || chooses_connections()) && !read_endpoints(&ends, sk, typed))
		return 0;
	/* In units of an eighth of a microsecond (include/linux/tcp.h). */
	return count(&ends, BPF_CORE_READ((const struct tcp_sock *)sk, srtt_us) >> 3);
}

/// @one-of segment/fentry
SEC("fentry/tcp_rcv_established")
int BPF_PROG(arrives_fentry, struct sock *sk)
{
	return arrives(sk, true);
}

/// @one-of segment/kprobe
SEC("kprobe/tcp_rcv_established")
int BPF_KPROBE(arrives_kprobe, struct sock *sk)
{
	return arrives(sk, false);
}

/* At the same place: it is the first thing that tcp_rcv_established() does. */
/// @one-of segment/tracepoint
SEC("tp_btf/tcp_probe")
int BPF_PROG(arrives_tracepoint, struct sock *sk)
{
	return arrives(sk, true);
}
