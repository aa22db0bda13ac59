// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "../common/entry.bpf.h"
#include "../common/histogram.bpf.h"
#include "biolatency.h"

/// @description Show how long requests to disks take: histograms, of all or by disk and by kind of request.
/// @example biolatency --interval 5 --disks
/// @example biolatency --flags --disk vda --unit msecs
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// @description "Only this disk, such as sda"
const volatile char disk[32] = "";
/// @description "A histogram for each disk"
/// @cmdarg {"short": "D"}
const volatile bool disks = false;
/// @description "A histogram for each kind of request: operation and flags"
/// @cmdarg {"short": "F"}
const volatile bool flags = false;
/// @description "Count also the time that requests wait in the kernel's queue"
/// @cmdarg {"short": "Q"}
const volatile bool queued = false;
/// @description "What is counted"
const volatile enum time_unit unit = UNIT_USECS;

/* Requests that were not counted because there was no room for one more kind. */
__u64 lost_events = 0;

/*
 * Since when requests are on their way, 0 once they are complete: the kernel uses the memory of a request again and again, and to
 * write to an entry costs less than to make one each time. Those that the kernel gives up without a word make room for others.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u64);
} since SEC(".maps");

/// @sample {"interval": 1000, "type": "log2_hist", "unit": "usecs", "unit_from": "unit", "percentiles": [50, 90, 99, 99.9], "clear_map": true}
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct biolatency_key);
	__type(value, struct biolatency_times);
} latencies SEC(".maps");

static struct biolatency_times zero;

struct request_queue___disk {
	struct gendisk *disk;
} __attribute__((preserve_access_index));

struct request___disk {
	struct gendisk *rq_disk;
} __attribute__((preserve_access_index));

/* The disk moved from the request to its queue in 5.17. */
static __always_inline struct gendisk *disk_of(struct request *request)
{
	struct request_queue___disk *queue = (void *)BPF_CORE_READ(request, q);
	struct request___disk *old = (void *)request;

	if (bpf_core_field_exists(queue->disk))
		return BPF_CORE_READ(queue, disk);
	return BPF_CORE_READ(old, rq_disk);
}

static __always_inline unsigned int operation_of(unsigned int command)
{
	/* Numbers of REQ_OP_*, the same in all kernels since 4.9 (include/linux/blk_types.h); the name of their enum is not. */
	switch (command & 0xff) {
	case 0:
		return IO_READ;
	case 1:
		return IO_WRITE;
	case 2:
		return IO_FLUSH;
	case 3:
		return IO_DISCARD;
	case 9:
		return IO_WRITE_ZEROES;
	default:
		return IO_OTHER;
	}
}

/* The numbers of flags follow the running kernel. */
#define BIT_OF(name) bpf_core_enum_value(enum req_flag_bits, name)

static __always_inline unsigned int flag_of(unsigned int command, unsigned int bit, enum io_flag flag)
{
	return command >> bit & 1 ? flag : 0;
}

static __always_inline unsigned int flags_of(unsigned int command)
{
	return flag_of(command, BIT_OF(__REQ_SYNC), IO_FLAG_SYNC) |
	       flag_of(command, BIT_OF(__REQ_META), IO_FLAG_METADATA) |
	       flag_of(command, BIT_OF(__REQ_PRIO), IO_FLAG_PRIORITY) |
	       flag_of(command, BIT_OF(__REQ_FUA), IO_FLAG_FUA) |
	       flag_of(command, BIT_OF(__REQ_PREFLUSH), IO_FLAG_PREFLUSH) |
	       flag_of(command, BIT_OF(__REQ_RAHEAD), IO_FLAG_READAHEAD) |
	       flag_of(command, BIT_OF(__REQ_BACKGROUND), IO_FLAG_BACKGROUND);
}

static __always_inline bool is_wanted(const char *name)
{
	int index;

	for (index = 0; index < sizeof(disk); index++) {
		if (name[index] != disk[index])
			return false;
		if (!name[index])
			return true;
	}
	return true;
}

/* A request is on its way since now; unless `anew`, since it began to wait if it did. */
static __always_inline int begins(struct request *request, bool anew)
{
	__u64 address = (__u64)request, now = bpf_ktime_get_ns(), *begin = bpf_map_lookup_elem(&since, &address);

	if (!begin)
		bpf_map_update_elem(&since, &address, &now, BPF_ANY);
	else if (anew || !*begin)
		*begin = now;
	return 0;
}

static __always_inline int ends(struct request *request, unsigned int bytes)
{
	__u64 address = (__u64)request, *begin = bpf_map_lookup_elem(&since, &address), took;
	struct biolatency_key key = {};
	struct biolatency_times *times;
	unsigned int command;

	/* A disk may complete a request piece by piece. */
	if (!begin || !*begin || bytes < BPF_CORE_READ(request, __data_len))
		return 0;
	took = bpf_ktime_get_ns() - *begin;
	*begin = 0;
	if (disks || disk[0])
		BPF_CORE_READ_STR_INTO(&key.disk, disk_of(request), disk_name);
	if (disk[0] && !is_wanted(key.disk))
		return 0;
	if (!disks)
		__builtin_memset(key.disk, 0, sizeof(key.disk));
	if (flags) {
		command = BPF_CORE_READ(request, cmd_flags);
		key.operation = operation_of(command);
		key.flags = flags_of(command);
	}
	times = entry_of(&latencies, &key, &zero);
	if (times)
		count_in(times->slots, in_unit(took, unit));
	return 0;
}

/*
 * In older kernels the queue goes before the request. No version tells them: stable ones took the change of 5.11 later. A program
 * that takes a second argument is refused where there is none, so it is read like any other memory, and may be anything.
 */
static __always_inline struct request *request_in(unsigned long long *ctx)
{
	struct request *second = 0;

	bpf_probe_read_kernel(&second, sizeof(second), &ctx[1]);
	return second && (unsigned long long)BPF_CORE_READ(second, q) == ctx[0] ? second : (struct request *)ctx[0];
}

/* Only requests that wait are inserted. */
SEC("raw_tp/block_rq_insert")
int on_insert(unsigned long long *ctx)
{
	return queued ? begins(request_in(ctx), true) : 0;
}

SEC("raw_tp/block_rq_issue")
int on_issue(unsigned long long *ctx)
{
	return begins(request_in(ctx), !queued);
}

SEC("raw_tp/block_rq_complete")
int BPF_PROG(on_complete, struct request *request, int error, unsigned int bytes)
{
	return ends(request, bytes);
}
