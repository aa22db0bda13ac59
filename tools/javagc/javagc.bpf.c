// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>
#include "javagc.h"

/// Trace the garbage collections of Java processes: which collector, for how long, and what was left.
/// @brief Trace the garbage collections of Java processes
/// @version 1.0
/// @details Without --pid all JVMs that are running now, and those that start later from the same installations.
/// @example javagc --pid 1234
/// @example javagc --pid 1234,1235 --min 10ms --pools
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// Only collections that took at least this long
/// @cmdarg {"long": "min", "short": "m"}
/// @format duration ns
const volatile __u64 min_ns = 0;
/// Show also each pool of memory
const volatile bool pools = false;

/* Collections that found a map or the ring buffer full. */
__u64 lost_events = 0;

struct collection {
	__u64 since;
	__u64 used_before;
	__u64 used_after;
	/* hotspot:gc__begin was seen, so many times more than gc__end. 0 for collectors that only tell of pools. */
	__u32 depth;
	__u32 pools_begun;
	__u32 pools_ended;
	bool full;
	char collector[32];
};

/* By thread. One that ends in the middle leaves its entry behind, hence LRU. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct collection);
} collections SEC(".maps");

/*
 * A pool is known by the address of its name, which the threads of a JVM see again and again: an entry is made once, and written
 * over. The oldest make room for others.
 */
struct pool_key {
	__u64 name;
	__u32 tid;
	__u32 pad;
};

struct pool {
	/* 0 between collections. */
	__u64 since;
	__u64 used;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct pool_key);
	__type(value, struct pool);
} pools_before SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

static struct collection zero;

/* Of a process, not of the thread that happens to collect for it. */
static __always_inline void name_process(struct event *event)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 id = bpf_get_current_pid_tgid();

	event->pid = id >> 32;
	event->tid = id;
	BPF_CORE_READ_STR_INTO(&event->comm, task, group_leader, comm);
}

static __always_inline struct event *new_event(void)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (event)
		name_process(event);
	else
		__sync_fetch_and_add(&lost_events, 1);
	return event;
}

static __always_inline struct collection *begin(__u32 tid)
{
	struct collection *collection;

	bpf_map_update_elem(&collections, &tid, &zero, BPF_ANY);
	collection = bpf_map_lookup_elem(&collections, &tid);
	if (collection)
		collection->since = bpf_ktime_get_ns();
	else
		__sync_fetch_and_add(&lost_events, 1);
	return collection;
}

static __always_inline void show(const struct collection *collection, __u64 now, bool full)
{
	struct event *event;

	if (now - collection->since < min_ns)
		return;
	event = new_event();
	if (!event)
		return;
	event->at = now;
	event->duration_ns = now - collection->since;
	event->used_before = collection->used_before;
	event->used_after = collection->used_after;
	event->committed = 0;
	event->full = full;
	__builtin_memcpy(event->collector, collection->collector, sizeof(event->collector));
	__builtin_memset(event->pool, 0, sizeof(event->pool));
	bpf_ringbuf_submit(event, 0);
}

static __always_inline void end(__u32 tid, const struct collection *collection)
{
	show(collection, bpf_ktime_get_ns(), collection->full);
	bpf_map_delete_elem(&collections, &tid);
}

/*
 * A second collector in one pause: that of the parallel collectors begins with a collection of the young generation. What came
 * until now was the first one's.
 */
static __always_inline void next(struct collection *collection)
{
	__u64 now = bpf_ktime_get_ns();

	show(collection, now, false);
	collection->since = now;
	collection->used_before = 0;
	collection->used_after = 0;
	collection->pools_begun = 0;
	collection->pools_ended = 0;
}

/* The JVM tells of all its pools; compiled code and classes are none of the heap's. */
static __always_inline bool on_heap(const char *pool)
{
	return !(pool[0] == 'C' && pool[1] == 'o') && !(pool[0] == 'M' && pool[1] == 'e' && pool[2] == 't');
}

/*
 * Attached in this order, ends before begins: a collection that is under way meanwhile is then not seen, or seen whole.
 */

/*
 * Arguments of both: name of the collector and its length, name of the pool and its length, then initial, used, committed and
 * most bytes (src/hotspot/share/services/memoryManager.cpp of OpenJDK). To find one takes a search, so only these are.
 */
enum pool_argument {
	COLLECTOR = 0,
	POOL = 2,
	USED = 5,
	COMMITTED = 6,
};

static __always_inline long argument(struct pt_regs *ctx, enum pool_argument index)
{
	long value = 0;

	bpf_usdt_arg(ctx, index, &value);
	return value;
}

SEC("usdt/libjvm.so:hotspot:mem__pool__gc__end")
int BPF_USDT(pool_end)
{
	__u32 tid = bpf_get_current_pid_tgid();
	const char *name = (const char *)argument(ctx, POOL);
	__u64 used = argument(ctx, USED);
	struct collection *collection = bpf_map_lookup_elem(&collections, &tid);
	struct pool_key key = { .name = (__u64)name, .tid = tid };
	struct pool *before = bpf_map_lookup_elem(&pools_before, &key);
	__u64 now = bpf_ktime_get_ns();
	struct event *event;
	char text[4] = {};

	if (!before || !before->since)
		return 0;
	if (pools && now - before->since >= min_ns) {
		event = new_event();
		if (event) {
			event->at = now;
			event->duration_ns = now - before->since;
			event->used_before = before->used;
			event->used_after = used;
			event->committed = argument(ctx, COMMITTED);
			event->full = collection && collection->full;
			__builtin_memset(event->collector, 0, sizeof(event->collector));
			__builtin_memset(event->pool, 0, sizeof(event->pool));
			bpf_probe_read_user_str(event->collector, sizeof(event->collector),
						(const char *)argument(ctx, COLLECTOR));
			bpf_probe_read_user_str(event->pool, sizeof(event->pool), name);
			bpf_ringbuf_submit(event, 0);
		}
	}
	before->since = 0;
	if (!collection)
		return 0;
	bpf_probe_read_user_str(text, sizeof(text), name);
	if (on_heap(text))
		collection->used_after += used;
	collection->pools_ended++;
	/* A collector without gc__begin and gc__end: its last pool is its end. */
	if (!collection->depth && collection->pools_ended >= collection->pools_begun)
		end(tid, collection);
	return 0;
}

SEC("usdt/libjvm.so:hotspot:mem__pool__gc__begin")
int BPF_USDT(pool_begin)
{
	__u32 tid = bpf_get_current_pid_tgid();
	const char *name = (const char *)argument(ctx, POOL);
	__u64 used = argument(ctx, USED);
	struct collection *collection = bpf_map_lookup_elem(&collections, &tid);
	struct pool_key key = { .name = (__u64)name, .tid = tid };
	struct pool pool = { .since = bpf_ktime_get_ns(), .used = used }, *before;
	char text[4] = {};

	if (!collection)
		collection = begin(tid);
	if (!collection)
		return 0;
	if (collection->pools_begun && collection->pools_ended >= collection->pools_begun)
		next(collection);
	/* All of its pools name one collector. */
	if (!collection->pools_begun)
		bpf_probe_read_user_str(collection->collector, sizeof(collection->collector), (const char *)argument(ctx, COLLECTOR));
	collection->pools_begun++;
	bpf_probe_read_user_str(text, sizeof(text), name);
	if (on_heap(text))
		collection->used_before += used;
	before = bpf_map_lookup_elem(&pools_before, &key);
	if (before)
		*before = pool;
	else
		bpf_map_update_elem(&pools_before, &key, &pool, BPF_ANY);
	return 0;
}

SEC("usdt/libjvm.so:hotspot:gc__end")
int BPF_USDT(gc_end)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct collection *collection = bpf_map_lookup_elem(&collections, &tid);

	if (!collection || !collection->depth)
		return 0;
	if (--collection->depth == 0)
		end(tid, collection);
	return 0;
}

/* Arguments: whether the whole heap is collected. */
SEC("usdt/libjvm.so:hotspot:gc__begin")
int BPF_USDT(gc_begin, long full)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct collection *collection = bpf_map_lookup_elem(&collections, &tid);

	/* Inside another one: its end is the end of both. */
	if (!collection || !collection->depth)
		collection = begin(tid);
	if (!collection)
		return 0;
	collection->depth++;
	if (full & 0xff)
		collection->full = true;
	return 0;
}
