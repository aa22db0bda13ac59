// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "../common/entry.bpf.h"
#include "../common/process-filter.bpf.h"
#include "cachestat.h"

/// @description Show how many pages that are read come from the page cache, and how many from the disk.
/// @example cachestat --interval 5
/// @example cachestat --per process --sort -accesses
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// @description "One row for all, or one for each process"
const volatile enum cachestat_per per = PER_ALL;

/* Pages that were not counted because there was no room for one more process. */
__u64 lost_events = 0;

/// @sample {"interval": 1000, "clear_map": true, "sort": "-accesses"}
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct cachestat_key);
	__type(value, struct cachestat_value);
} pages SEC(".maps");

/* What a thread did last. */
struct last {
	/* The page it put into the cache. */
	__u64 inode;
	__u64 index;
	__u64 count;
	/* The read it is in, when a tracepoint tells of its parts. */
	__u64 mapping;
	__u64 from;
	__u64 to;
	/* Of a function that returns later. */
	struct kiocb *iocb;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct last);
} lasts SEC(".maps");

#define PAGE_SHIFT 12

static struct cachestat_value zero;
static struct last nothing;

static __always_inline struct cachestat_value *counters(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct cachestat_key key = {};
	struct cachestat_value *value;

	if (!wanted())
		return 0;
	if (per == PER_PROCESS)
		key.pid = bpf_get_current_pid_tgid() >> 32;
	value = entry_of(&pages, &key, &zero);
	if (value && per == PER_PROCESS)
		BPF_CORE_READ_STR_INTO(&value->comm, task, group_leader, comm);
	return value;
}

static __always_inline struct last *last_of_thread(void)
{
	__u32 tid = bpf_get_current_pid_tgid();

	return entry_of(&lasts, &tid, &nothing);
}

static __always_inline int accessed(__u64 count)
{
	struct cachestat_value *value = count ? counters() : 0;

	if (value)
		__sync_fetch_and_add(&value->accesses, count);
	return 0;
}

/* The event tells the size of large pages since 6.10. */
struct trace_event_raw_mm_filemap_op_page_cache___order {
	unsigned char order;
} __attribute__((preserve_access_index));

SEC("tp/filemap/mm_filemap_add_to_page_cache")
int on_add(struct trace_event_raw_mm_filemap_op_page_cache *ctx)
{
	struct trace_event_raw_mm_filemap_op_page_cache___order *sized = (void *)ctx;
	struct cachestat_value *value = counters();
	struct last *last;
	__u64 count = 1;

	if (!value)
		return 0;
	if (bpf_core_field_exists(sized->order))
		count = 1ULL << (sized->order & 31);
	__sync_fetch_and_add(&value->added, count);
	last = last_of_thread();
	if (!last)
		return 0;
	last->inode = ctx->i_ino;
	last->index = ctx->index;
	last->count = count;
	return 0;
}

/* The begin of these events is the same in all kernels; their name changed with 5.17. */
struct dirty_event {
	__u64 common;
	char device[32];
	__u64 inode;
	__u64 index;
};

/* A page that this thread has just put into the cache, and now writes to, was not missed. */
static __always_inline int dirtied(struct dirty_event *event)
{
	struct cachestat_value *value = counters();
	struct last *last;

	if (!value)
		return 0;
	__sync_fetch_and_add(&value->dirtied, 1);
	last = last_of_thread();
	if (!last || !last->count || last->inode != event->inode || last->index != event->index)
		return 0;
	__sync_fetch_and_add(&value->created, last->count);
	last->count = 0;
	return 0;
}

/// @one-of dirty/folio
SEC("tp/writeback/writeback_dirty_folio")
int on_dirty(struct dirty_event *event)
{
	return dirtied(event);
}

/// @one-of dirty/page
SEC("tp/writeback/writeback_dirty_page")
int on_dirty_page(struct dirty_event *event)
{
	return dirtied(event);
}

/*
 * One read of many pages is several such events, each about the pages from where the last one left off to the end of the
 * read, or further, beyond the end of the file.
 */
static __always_inline int read_part(struct address_space *mapping, __u64 from, __u64 to)
{
	__u64 size = BPF_CORE_READ(mapping, host, i_size);
	__u64 end = size ? (size - 1) >> PAGE_SHIFT : 0;
	struct last *last;

	if (!size || !wanted())
		return 0;
	last = last_of_thread();
	if (!last)
		return 0;
	if (last->mapping == (__u64)mapping && last->to == to && last->from < from) {
		last->from = from;
		return 0;
	}
	last->mapping = (__u64)mapping;
	last->from = from;
	last->to = to;
	if (to > end)
		to = end;
	return accessed(to < from ? 0 : to - from + 1);
}

/// @one-of accesses/tracepoints
SEC("tp_btf/mm_filemap_get_pages")
int BPF_PROG(on_get_pages, struct address_space *mapping, unsigned long from, unsigned long to)
{
	return read_part(mapping, from, to);
}

/// @one-of accesses/tracepoints
SEC("tp_btf/mm_filemap_fault")
int BPF_PROG(on_fault, struct address_space *mapping, unsigned long index)
{
	return accessed(1);
}

/* Pages of which `bytes` have been read, up to the place where the file now is. */
static __always_inline int has_read(struct kiocb *iocb, long bytes)
{
	__u64 end = BPF_CORE_READ(iocb, ki_pos);

	if (bytes <= 0 || end < bytes)
		return 0;
	return accessed(((end - 1) >> PAGE_SHIFT) - ((end - bytes) >> PAGE_SHIFT) + 1);
}

/// @one-of accesses/fentry
/// @note without splice and sendfile
SEC("fexit/filemap_read")
int BPF_PROG(on_read, struct kiocb *iocb, struct iov_iter *to, long already, long bytes)
{
	return has_read(iocb, bytes - already);
}

/// @one-of accesses/fentry
SEC("fentry/filemap_fault")
int BPF_PROG(on_fault_fentry)
{
	return accessed(1);
}

/// @one-of accesses/fentry-5.10
/// @note without splice and sendfile
SEC("fexit/generic_file_buffered_read")
int BPF_PROG(on_read_old, struct kiocb *iocb, struct iov_iter *to, long already, long bytes)
{
	return has_read(iocb, bytes - already);
}

/// @one-of accesses/fentry-5.10
SEC("fentry/filemap_fault")
int BPF_PROG(on_fault_old)
{
	return accessed(1);
}

static __always_inline int read_begins(struct kiocb *iocb)
{
	struct last *last = wanted() ? last_of_thread() : 0;

	if (last)
		last->iocb = iocb;
	return 0;
}

static __always_inline int read_ends(long bytes)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct last *last = bpf_map_lookup_elem(&lasts, &tid);
	struct kiocb *iocb;

	if (!last || !last->iocb)
		return 0;
	iocb = last->iocb;
	last->iocb = 0;
	return has_read(iocb, bytes);
}

/// @one-of accesses/kprobe
/// @note without splice and sendfile
SEC("kprobe/filemap_read")
int BPF_KPROBE(on_read_kprobe, struct kiocb *iocb)
{
	return read_begins(iocb);
}

/// @one-of accesses/kprobe
SEC("kretprobe/filemap_read")
int BPF_KRETPROBE(on_read_kretprobe, long bytes)
{
	return read_ends(bytes);
}

/// @one-of accesses/kprobe
SEC("kprobe/filemap_fault")
int BPF_KPROBE(on_fault_kprobe)
{
	return accessed(1);
}

/// @one-of accesses/kprobe-5.10
/// @note without splice and sendfile
SEC("kprobe/generic_file_buffered_read")
int BPF_KPROBE(on_read_old_kprobe, struct kiocb *iocb)
{
	return read_begins(iocb);
}

/// @one-of accesses/kprobe-5.10
SEC("kretprobe/generic_file_buffered_read")
int BPF_KRETPROBE(on_read_old_kretprobe, long bytes)
{
	return read_ends(bytes);
}

/// @one-of accesses/kprobe-5.10
SEC("kprobe/filemap_fault")
int BPF_KPROBE(on_fault_old_kprobe)
{
	return accessed(1);
}
