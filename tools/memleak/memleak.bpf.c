// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "../common/stacks.bpf.h"
#include "memleak.h"

/// Show memory that was allocated and not freed, by the stack that allocated it: of a process, of a command, or of the kernel.
/// @brief Show outstanding allocations by stack
/// @version 1.0
/// @example memleak --pid 1234
/// @example memleak --older 1m --top 5 -- ./server --port 80
/// @example memleak --interval 10s
/// @details Without --pid and without a command the kernel's own allocations are looked at.
char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// @filter pid
/// @ignore
const volatile pid_t pid_target = 0;
/// Only allocations that are at least so old
/// @cmdarg {"long": "older", "short": "O"}
/// @format duration ns
const volatile __u64 older_ns = 0;
/// Only allocations of at least so many bytes
/// @cmdarg {"long": "min-size", "short": "z"}
/// @format bytes
const volatile __u64 min_size = 0;
/// Only allocations of at most so many bytes; 0 for any
/// @cmdarg {"long": "max-size", "short": "Z"}
/// @format bytes
const volatile __u64 max_size = 0;
/// Look at one of so many allocations, chosen at random, and multiply what it comes to
/// @cmdarg {"long": "sample-rate", "short": "s"}
const volatile __u32 sample_rate = 1;
/// Of the kernel: also whole pages, of which the other allocations are made
const volatile bool pages = false;

/* Allocations that found no room, and are missing in all numbers. */
__u64 lost_events = 0;

/* By address. */
/// @sample {"interval": 5000, "type": "stacks", "unit": "bytes", "sort": "-bytes", "rows": 10, "stack_map": "stacks", "since": "since", "older": "older_ns", "when": "older_ns", "group": true}
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1000000);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct allocation);
} allocations SEC(".maps");

/* The same, added up: nobody has to go through a million allocations to know where they come from. */
/// @sample {"interval": 5000, "type": "stacks", "unit": "bytes", "sort": "-bytes", "rows": 10, "stack_map": "stacks", "when": "!older_ns", "group": true}
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, struct allocator);
	__type(value, struct outstanding);
} totals SEC(".maps");

/* A command that was started to be looked at waits until somebody has read what it has mapped. */
/// @command
/// @ignore
const volatile bool hold_command = false;

/// @processes
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} processes SEC(".maps");

#include "../common/processes.bpf.h"

/* A call of an allocator that has not returned. Those that longjmp() left, or that died inside, make room. */
struct call {
	__u64 bytes;
	/* The stack pointer when it began, where the return address lies. */
	__u64 sp;
	/* Where posix_memalign() puts the address. */
	__u64 out;
	/* What realloc() and mremap() had before, for when they fail. */
	__u64 old_address;
	struct allocation old;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps");

/* A call of operator new: it calls malloc() in its turn, and libstdc++ has no frame that would tell who called it. */
struct new_call {
	__u64 sp;
	__u64 caller;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, struct new_call);
} new_calls SEC(".maps");

#define MAP_ANONYMOUS 0x20

/* A command is a shell until it becomes what it is: what that had allocated is gone then. */
static bool has_begun;

/// @when hold_command
SEC("tracepoint/sched/sched_process_exec")
int on_exec(void *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 == pid_target)
		has_begun = true;
	return 0;
}

static __always_inline bool wanted(__u64 bytes)
{
	if (hold_command && !has_begun)
		return false;
	if (bytes < min_size || (max_size && bytes > max_size))
		return false;
	return sample_rate <= 1 || bpf_get_prandom_u32() % sample_rate == 0;
}

static __always_inline void add_up(const struct allocation *one, bool more)
{
	struct allocator key = { .pid = one->pid, .kernel = one->kernel, .user = one->user };
	struct outstanding *total = bpf_map_lookup_elem(&totals, &key), none = {};

	if (!total && more) {
		bpf_map_update_elem(&totals, &key, &none, BPF_NOEXIST);
		total = bpf_map_lookup_elem(&totals, &key);
		if (!total)
			__sync_fetch_and_add(&lost_events, 1);
	}
	if (!total)
		return;
	__sync_fetch_and_add(&total->bytes, more ? one->bytes : -one->bytes);
	__sync_fetch_and_add(&total->count, more ? one->count : -one->count);
}

/* Takes an allocation out. `copy` is what it was. Whoever deletes the entry counts it, so that it is counted once. */
static __always_inline bool forget(__u64 address, struct allocation *copy)
{
	struct allocation *found = bpf_map_lookup_elem(&allocations, &address);

	if (!found)
		return false;
	*copy = *found;
	if (bpf_map_delete_elem(&allocations, &address))
		return false;
	add_up(copy, false);
	return true;
}

static __always_inline void keep(__u64 address, const struct allocation *one)
{
	struct allocation missed;

	/* Freed in a way that nobody saw: an address belongs to one allocation only. */
	forget(address, &missed);
	if (bpf_map_update_elem(&allocations, &address, one, BPF_ANY)) {
		__sync_fetch_and_add(&lost_events, 1);
		return;
	}
	add_up(one, true);
}

/* Whether a call of operator new has not returned, as far as the stack tells: its return address is where it was. */
static __always_inline bool is_inside(const struct new_call *outer, __u64 sp)
{
	__u64 caller = 0;

	if (sp >= outer->sp || outer->sp - sp > 512)
		return false;
	bpf_probe_read_user(&caller, sizeof(caller), (void *)outer->sp);
	return caller == outer->caller;
}

/*
 * The stack of an allocation at its return. Below operator new, which has no frame, the caller is put where it belongs, unless
 * it is there.
 */
static __always_inline __u64 allocation_stack(void *ctx, __u64 sp)
{
	__u64 owner = bpf_get_current_pid_tgid(), id;
	__u32 tid = owner, index = tid % PLACES, count;
	struct new_call *outer = bpf_map_lookup_elem(&new_calls, &tid);
	struct stack_place *place = bpf_map_lookup_elem(&stack_places, &index);
	bool inside = outer && is_inside(outer, sp);
	long size;

	if (!place)
		return LOST_STACK;
	place->owner = owner;
	size = bpf_get_stack(ctx, &place->stack, (FRAMES_MAX - 1) * sizeof(__u64), BPF_F_USER_STACK);
	if (size <= 0)
		return NO_STACK;
	count = (__u32)size / sizeof(__u64);
	place->stack.frames[count & FRAMES_MAX] = 0;
	if (inside && place->stack.frames[1] != outer->caller) {
		place->before = place->stack.frames[0];
		place->stack.frames[0] = outer->caller;
		id = keep_stack((struct stack *)&place->before, count + 1);
	} else {
		id = keep_stack(&place->stack, count);
	}
	if (outer)
		bpf_map_delete_elem(&new_calls, &tid);
	return place->owner == owner ? id : LOST_STACK;
}

/* Allocators call each other: the outermost call counts. Returns what is known of it, null for one inside another. */
static __always_inline struct call *begins(struct pt_regs *ctx, __u64 bytes)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call *outer = bpf_map_lookup_elem(&calls, &tid), call = {};

	/* Stacks grow downwards. One that is not above us was left without a return. */
	if (outer && outer->sp > PT_REGS_SP_CORE(ctx))
		return NULL;
	call.bytes = bytes;
	call.sp = PT_REGS_SP_CORE(ctx);
	bpf_map_update_elem(&calls, &tid, &call, BPF_ANY);
	return bpf_map_lookup_elem(&calls, &tid);
}

/* The call that returns now; null for one inside another. The return address is no longer on the stack. */
static __always_inline bool returns(struct pt_regs *ctx, struct call *copy)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call *call = bpf_map_lookup_elem(&calls, &tid);

	if (!call || call->sp + sizeof(__u64) != PT_REGS_SP_CORE(ctx))
		return false;
	*copy = *call;
	bpf_map_delete_elem(&calls, &tid);
	return true;
}

static __always_inline void allocated(struct pt_regs *ctx, const struct call *call, __u64 address)
{
	struct allocation one = {};

	if (!wanted(call->bytes))
		return;
	one.pid = bpf_get_current_pid_tgid() >> 32;
	one.count = sample_rate > 1 ? sample_rate : 1;
	one.bytes = call->bytes * one.count;
	one.since = bpf_ktime_get_ns();
	one.user = allocation_stack(ctx, call->sp);
	tell_process(one.pid);
	keep(address, &one);
}

/* `failed`: what the allocator returns when it has nothing. */
static __always_inline int ends(struct pt_regs *ctx, __u64 failed)
{
	__u64 address = PT_REGS_RC(ctx);
	struct call call;

	if (!returns(ctx, &call))
		return 0;
	if (call.out) {
		if ((int)address)
			return 0;
		bpf_probe_read_user(&address, sizeof(address), (void *)call.out);
	}
	if (address != failed)
		allocated(ctx, &call, address);
	/* The old memory is still there. realloc(p, 0) frees. */
	else if (call.old_address && call.bytes)
		keep(call.old_address, &call.old);
	return 0;
}

/*
 * The old memory is gone as soon as the call begins: it may belong to another thread before this one returns. For when the
 * call fails, it is remembered.
 */
static __always_inline int begins_again(struct pt_regs *ctx, __u64 address, __u64 bytes)
{
	struct call *call = begins(ctx, bytes);
	struct allocation old;

	if (!call || !forget(address, &old))
		return 0;
	call->old_address = address;
	call->old = old;
	return 0;
}

static __always_inline int freed(__u64 address)
{
	struct allocation gone;

	if (address)
		forget(address, &gone);
	return 0;
}

/* A part of a mapping from its begin on may be taken away; the rest stays. */
static __always_inline int unmapped(__u64 address, __u64 length)
{
	struct allocation rest;

	length = (length + 4095) & ~4095ULL;
	if (!forget(address, &rest) || sample_rate > 1 || rest.bytes <= length)
		return 0;
	rest.bytes -= length;
	keep(address + length, &rest);
	return 0;
}

/* Both probes of an allocator, of one library. `when` and whether the tool can do without are said in the comment before it. */
#define BEGIN(name) int name(struct pt_regs *ctx)
#define ARGUMENT1 PT_REGS_PARM1(ctx)
#define ARGUMENT2 PT_REGS_PARM2(ctx)
#define ARGUMENT3 PT_REGS_PARM3(ctx)

/// @when pid_target
SEC("uprobe/libc.so.6:malloc")
BEGIN(malloc_begins) { begins(ctx, ARGUMENT1); return 0; }
/// @when pid_target
SEC("uretprobe/libc.so.6:malloc")
BEGIN(malloc_ends) { return ends(ctx, 0); }
/// @when pid_target
SEC("uprobe/libc.so.6:free")
BEGIN(free_begins) { return freed(ARGUMENT1); }

/* The rest of the C library. */

/// @optional
/// @when pid_target
SEC("uprobe/libc.so.6:calloc")
BEGIN(calloc_begins) { begins(ctx, ARGUMENT1 * ARGUMENT2); return 0; }
/// @optional
/// @when pid_target
SEC("uretprobe/libc.so.6:calloc")
BEGIN(calloc_ends) { return ends(ctx, 0); }

/// @optional
/// @when pid_target
SEC("uprobe/libc.so.6:realloc")
BEGIN(realloc_begins) { return begins_again(ctx, ARGUMENT1, ARGUMENT2); }
/// @optional
/// @when pid_target
SEC("uretprobe/libc.so.6:realloc")
BEGIN(realloc_ends) { return ends(ctx, 0); }

/// @optional
/// @when pid_target
SEC("uprobe/libc.so.6:posix_memalign")
BEGIN(posix_memalign_begins) { struct call *call = begins(ctx, ARGUMENT3); if (call) call->out = ARGUMENT1; return 0; }
/// @optional
/// @when pid_target
SEC("uretprobe/libc.so.6:posix_memalign")
BEGIN(posix_memalign_ends) { return ends(ctx, 0); }

/// @optional
/// @when pid_target
SEC("uprobe/libc.so.6:aligned_alloc")
BEGIN(aligned_alloc_begins) { begins(ctx, ARGUMENT2); return 0; }
/// @optional
/// @when pid_target
SEC("uretprobe/libc.so.6:aligned_alloc")
BEGIN(aligned_alloc_ends) { return ends(ctx, 0); }

/// @optional
/// @when pid_target
SEC("uprobe/libc.so.6:memalign")
BEGIN(memalign_begins) { begins(ctx, ARGUMENT2); return 0; }
/// @optional
/// @when pid_target
SEC("uretprobe/libc.so.6:memalign")
BEGIN(memalign_ends) { return ends(ctx, 0); }

/// @optional
/// @when pid_target
SEC("uprobe/libc.so.6:valloc")
BEGIN(valloc_begins) { begins(ctx, ARGUMENT1); return 0; }
/// @optional
/// @when pid_target
SEC("uretprobe/libc.so.6:valloc")
BEGIN(valloc_ends) { return ends(ctx, 0); }

/// @optional
/// @when pid_target
SEC("uprobe/libc.so.6:pvalloc")
BEGIN(pvalloc_begins) { begins(ctx, ARGUMENT1); return 0; }
/// @optional
/// @when pid_target
SEC("uretprobe/libc.so.6:pvalloc")
BEGIN(pvalloc_ends) { return ends(ctx, 0); }

/* Anonymous memory only: a file that is mapped is no allocation. */
/// @optional
/// @when pid_target
SEC("uprobe/libc.so.6:mmap")
BEGIN(mmap_begins) { if (PT_REGS_PARM4(ctx) & MAP_ANONYMOUS) begins(ctx, ARGUMENT2); return 0; }
/// @optional
/// @when pid_target
SEC("uretprobe/libc.so.6:mmap")
BEGIN(mmap_ends) { return ends(ctx, -1); }

/// @optional
/// @when pid_target
SEC("uprobe/libc.so.6:munmap")
BEGIN(munmap_begins) { return unmapped(ARGUMENT1, ARGUMENT2); }

/// @optional
/// @when pid_target
SEC("uprobe/libc.so.6:mremap")
BEGIN(mremap_begins) { return begins_again(ctx, ARGUMENT1, ARGUMENT3); }
/// @optional
/// @when pid_target
SEC("uretprobe/libc.so.6:mremap")
BEGIN(mremap_ends) { return ends(ctx, -1); }

/* jemalloc, in place of the C library's functions or beside them under its own names. */

/// @optional
/// @when pid_target
SEC("uprobe/libjemalloc.so.2:malloc")
BEGIN(je_plain_malloc_begins) { begins(ctx, ARGUMENT1); return 0; }
/// @optional
/// @when pid_target
SEC("uretprobe/libjemalloc.so.2:malloc")
BEGIN(je_plain_malloc_ends) { return ends(ctx, 0); }

/// @optional
/// @when pid_target
SEC("uprobe/libjemalloc.so.2:free")
BEGIN(je_plain_free) { return freed(ARGUMENT1); }

/// @optional
/// @when pid_target
SEC("uprobe/libjemalloc.so.2:calloc")
BEGIN(je_plain_calloc_begins) { begins(ctx, ARGUMENT1 * ARGUMENT2); return 0; }
/// @optional
/// @when pid_target
SEC("uretprobe/libjemalloc.so.2:calloc")
BEGIN(je_plain_calloc_ends) { return ends(ctx, 0); }

/// @optional
/// @when pid_target
SEC("uprobe/libjemalloc.so.2:realloc")
BEGIN(je_plain_realloc_begins) { return begins_again(ctx, ARGUMENT1, ARGUMENT2); }
/// @optional
/// @when pid_target
SEC("uretprobe/libjemalloc.so.2:realloc")
BEGIN(je_plain_realloc_ends) { return ends(ctx, 0); }

/// @optional
/// @when pid_target
SEC("uprobe/libjemalloc.so.2:posix_memalign")
BEGIN(je_plain_posix_memalign_begins) { struct call *call = begins(ctx, ARGUMENT3); if (call) call->out = ARGUMENT1; return 0; }
/// @optional
/// @when pid_target
SEC("uretprobe/libjemalloc.so.2:posix_memalign")
BEGIN(je_plain_posix_memalign_ends) { return ends(ctx, 0); }

/// @optional
/// @when pid_target
SEC("uprobe/libjemalloc.so.2:aligned_alloc")
BEGIN(je_plain_aligned_alloc_begins) { begins(ctx, ARGUMENT2); return 0; }
/// @optional
/// @when pid_target
SEC("uretprobe/libjemalloc.so.2:aligned_alloc")
BEGIN(je_plain_aligned_alloc_ends) { return ends(ctx, 0); }

/// @optional
/// @when pid_target
SEC("uprobe/libjemalloc.so.2:memalign")
BEGIN(je_plain_memalign_begins) { begins(ctx, ARGUMENT2); return 0; }
/// @optional
/// @when pid_target
SEC("uretprobe/libjemalloc.so.2:memalign")
BEGIN(je_plain_memalign_ends) { return ends(ctx, 0); }

/// @optional
/// @when pid_target
SEC("uprobe/libjemalloc.so.2:valloc")
BEGIN(je_plain_valloc_begins) { begins(ctx, ARGUMENT1); return 0; }
/// @optional
/// @when pid_target
SEC("uretprobe/libjemalloc.so.2:valloc")
BEGIN(je_plain_valloc_ends) { return ends(ctx, 0); }

/// @optional
/// @when pid_target
SEC("uprobe/libjemalloc.so.2:je_malloc")
BEGIN(je_malloc_begins) { begins(ctx, ARGUMENT1); return 0; }
/// @optional
/// @when pid_target
SEC("uretprobe/libjemalloc.so.2:je_malloc")
BEGIN(je_malloc_ends) { return ends(ctx, 0); }

/// @optional
/// @when pid_target
SEC("uprobe/libjemalloc.so.2:je_free")
BEGIN(je_free) { return freed(ARGUMENT1); }

/// @optional
/// @when pid_target
SEC("uprobe/libjemalloc.so.2:je_calloc")
BEGIN(je_calloc_begins) { begins(ctx, ARGUMENT1 * ARGUMENT2); return 0; }
/// @optional
/// @when pid_target
SEC("uretprobe/libjemalloc.so.2:je_calloc")
BEGIN(je_calloc_ends) { return ends(ctx, 0); }

/// @optional
/// @when pid_target
SEC("uprobe/libjemalloc.so.2:je_realloc")
BEGIN(je_realloc_begins) { return begins_again(ctx, ARGUMENT1, ARGUMENT2); }
/// @optional
/// @when pid_target
SEC("uretprobe/libjemalloc.so.2:je_realloc")
BEGIN(je_realloc_ends) { return ends(ctx, 0); }

/// @optional
/// @when pid_target
SEC("uprobe/libjemalloc.so.2:je_posix_memalign")
BEGIN(je_posix_memalign_begins) { struct call *call = begins(ctx, ARGUMENT3); if (call) call->out = ARGUMENT1; return 0; }
/// @optional
/// @when pid_target
SEC("uretprobe/libjemalloc.so.2:je_posix_memalign")
BEGIN(je_posix_memalign_ends) { return ends(ctx, 0); }

/// @optional
/// @when pid_target
SEC("uprobe/libjemalloc.so.2:je_aligned_alloc")
BEGIN(je_aligned_alloc_begins) { begins(ctx, ARGUMENT2); return 0; }
/// @optional
/// @when pid_target
SEC("uretprobe/libjemalloc.so.2:je_aligned_alloc")
BEGIN(je_aligned_alloc_ends) { return ends(ctx, 0); }

/// @optional
/// @when pid_target
SEC("uprobe/libjemalloc.so.2:je_memalign")
BEGIN(je_memalign_begins) { begins(ctx, ARGUMENT2); return 0; }
/// @optional
/// @when pid_target
SEC("uretprobe/libjemalloc.so.2:je_memalign")
BEGIN(je_memalign_ends) { return ends(ctx, 0); }

/// @optional
/// @when pid_target
SEC("uprobe/libjemalloc.so.2:je_valloc")
BEGIN(je_valloc_begins) { begins(ctx, ARGUMENT1); return 0; }
/// @optional
/// @when pid_target
SEC("uretprobe/libjemalloc.so.2:je_valloc")
BEGIN(je_valloc_ends) { return ends(ctx, 0); }

/// @optional
/// @when pid_target
SEC("uprobe/libjemalloc.so.2:mallocx")
BEGIN(mallocx_begins) { begins(ctx, ARGUMENT1); return 0; }
/// @optional
/// @when pid_target
SEC("uretprobe/libjemalloc.so.2:mallocx")
BEGIN(mallocx_ends) { return ends(ctx, 0); }

/// @optional
/// @when pid_target
SEC("uprobe/libjemalloc.so.2:rallocx")
BEGIN(rallocx_begins) { return begins_again(ctx, ARGUMENT1, ARGUMENT2); }
/// @optional
/// @when pid_target
SEC("uretprobe/libjemalloc.so.2:rallocx")
BEGIN(rallocx_ends) { return ends(ctx, 0); }

/// @optional
/// @when pid_target
SEC("uprobe/libjemalloc.so.2:dallocx")
BEGIN(dallocx) { return freed(ARGUMENT1); }

/// @optional
/// @when pid_target
SEC("uprobe/libjemalloc.so.2:sdallocx")
BEGIN(sdallocx) { return freed(ARGUMENT1); }

/* C++: operator new and new[], which may throw, so that no return of theirs is probed. */
static __always_inline int new_begins(struct pt_regs *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct new_call *outer = bpf_map_lookup_elem(&new_calls, &tid), call = { .sp = PT_REGS_SP_CORE(ctx) };

	if (outer && is_inside(outer, call.sp))
		return 0;
	bpf_probe_read_user(&call.caller, sizeof(call.caller), (void *)call.sp);
	bpf_map_update_elem(&new_calls, &tid, &call, BPF_ANY);
	return 0;
}

/// @optional
/// @when pid_target
SEC("uprobe/libstdc++.so.6:_Znwm")
BEGIN(new_1) { return new_begins(ctx); }

/// @optional
/// @when pid_target
SEC("uprobe/libstdc++.so.6:_Znam")
BEGIN(new_2) { return new_begins(ctx); }

/// @optional
/// @when pid_target
SEC("uprobe/libstdc++.so.6:_ZnwmRKSt9nothrow_t")
BEGIN(new_3) { return new_begins(ctx); }

/// @optional
/// @when pid_target
SEC("uprobe/libstdc++.so.6:_ZnamRKSt9nothrow_t")
BEGIN(new_4) { return new_begins(ctx); }

/// @optional
/// @when pid_target
SEC("uprobe/libstdc++.so.6:_ZnwmSt11align_val_t")
BEGIN(new_5) { return new_begins(ctx); }

/// @optional
/// @when pid_target
SEC("uprobe/libstdc++.so.6:_ZnamSt11align_val_t")
BEGIN(new_6) { return new_begins(ctx); }

/*
 * The kernel. The records of kmem's tracepoints have changed: until 6.0 one struct for kmalloc() and slabs, and others for what
 * has a node; since then one struct each (include/trace/events/kmem.h).
 */
struct trace_event_raw_kmem_alloc___old {
	const void *ptr;
	size_t bytes_alloc;
} __attribute__((preserve_access_index));

struct trace_event_raw_kmem_alloc_node___old {
	const void *ptr;
	size_t bytes_alloc;
} __attribute__((preserve_access_index));

struct trace_event_raw_kmalloc___new {
	const void *ptr;
	size_t bytes_alloc;
} __attribute__((preserve_access_index));

struct trace_event_raw_kmem_cache_alloc___new {
	const void *ptr;
	size_t bytes_alloc;
} __attribute__((preserve_access_index));

struct trace_event_raw_kfree___any {
	const void *ptr;
} __attribute__((preserve_access_index));

/* Until 5.14 both frees had this one. */
struct trace_event_raw_kmem_free___old {
	const void *ptr;
} __attribute__((preserve_access_index));

struct trace_event_raw_kmem_cache_free___new {
	const void *ptr;
} __attribute__((preserve_access_index));

struct trace_event_raw_mm_page_alloc___any {
	unsigned long pfn;
	unsigned int order;
} __attribute__((preserve_access_index));

struct trace_event_raw_mm_page_free___any {
	unsigned long pfn;
	unsigned int order;
} __attribute__((preserve_access_index));

struct trace_event_raw_percpu_alloc_percpu___any {
	void *ptr;
	size_t bytes_alloc;
	size_t size;
} __attribute__((preserve_access_index));

struct trace_event_raw_percpu_free_percpu___any {
	void *ptr;
} __attribute__((preserve_access_index));

/* Since 6.1 room for maps without preallocation is put by in interrupts that this runs (bpf_mem_refill(), kernel/bpf/memalloc.c). */
extern const void irq_work_single __ksym __weak;
#define IRQ_WORK_SINGLE_BYTES 256
#define REFILL_FRAMES 12

/*
 * Whether this is room for what we keep ourselves; other work in such interrupts hardly allocates. To keep that as well would
 * take as much room again, and never end: the interrupt comes back as soon as it is over.
 */
static __always_inline bool is_our_own(__u64 id)
{
	__u64 begin = (__u64)&irq_work_single;
	struct stack *stack;
	int index;

	if (!begin)
		return false;
	stack = bpf_map_lookup_elem(&stacks, &id);
	if (!stack)
		return false;
	for (index = 1; index < REFILL_FRAMES; index++)
		if (stack->frames[index] - begin < IRQ_WORK_SINGLE_BYTES)
			return true;
	return false;
}

static __always_inline int kernel_allocated(void *ctx, __u64 address, __u64 bytes)
{
	struct allocation one = {};

	if (!address || !wanted(bytes))
		return 0;
	one.kernel = take_stack(ctx, 0);
	if (is_our_own(one.kernel))
		return 0;
	one.count = sample_rate > 1 ? sample_rate : 1;
	one.bytes = bytes * one.count;
	one.since = bpf_ktime_get_ns();
	keep(address, &one);
	return 0;
}

/* Both kinds of records, whichever this kernel has. */
#define ALLOCATED(old, new)                                                                                            \
	({                                                                                                             \
		struct trace_event_raw_##old *before = ctx;                                                            \
		struct trace_event_raw_##new *now = ctx;                                                               \
		bpf_core_type_exists(struct trace_event_raw_##new) ?                                                   \
			kernel_allocated(ctx, (__u64)BPF_CORE_READ(now, ptr), BPF_CORE_READ(now, bytes_alloc)) :       \
			kernel_allocated(ctx, (__u64)BPF_CORE_READ(before, ptr), BPF_CORE_READ(before, bytes_alloc)); \
	})
#define FREED(old, new)                                                         \
	({                                                                      \
		struct trace_event_raw_##old *before = ctx;                     \
		struct trace_event_raw_##new *now = ctx;                        \
		freed(bpf_core_type_exists(struct trace_event_raw_##new) ?      \
			      (__u64)BPF_CORE_READ(now, ptr) :                  \
			      (__u64)BPF_CORE_READ(before, ptr));               \
	})

/// @when !pid_target
SEC("tracepoint/kmem/kmalloc")
int on_kmalloc(void *ctx)
{
	return ALLOCATED(kmem_alloc___old, kmalloc___new);
}

/// @when !pid_target
SEC("tracepoint/kmem/kmem_cache_alloc")
int on_kmem_cache_alloc(void *ctx)
{
	return ALLOCATED(kmem_alloc___old, kmem_cache_alloc___new);
}

/* Gone since 6.1: the others have the node. */
/// @optional
/// @when !pid_target
SEC("tracepoint/kmem/kmalloc_node")
int on_kmalloc_node(void *ctx)
{
	struct trace_event_raw_kmem_alloc_node___old *record = ctx;

	return kernel_allocated(ctx, (__u64)BPF_CORE_READ(record, ptr), BPF_CORE_READ(record, bytes_alloc));
}

/// @optional
/// @when !pid_target
SEC("tracepoint/kmem/kmem_cache_alloc_node")
int on_kmem_cache_alloc_node(void *ctx)
{
	struct trace_event_raw_kmem_alloc_node___old *record = ctx;

	return kernel_allocated(ctx, (__u64)BPF_CORE_READ(record, ptr), BPF_CORE_READ(record, bytes_alloc));
}

/// @when !pid_target
SEC("tracepoint/kmem/kfree")
int on_kfree(void *ctx)
{
	return FREED(kmem_free___old, kfree___any);
}

/// @when !pid_target
SEC("tracepoint/kmem/kmem_cache_free")
int on_kmem_cache_free(void *ctx)
{
	return FREED(kmem_free___old, kmem_cache_free___new);
}

/* Pages by their numbers, which are no addresses: one more bit keeps them apart. */
#define PAGE_KEY(pfn) ((pfn) << 1 | 1)

/// @optional
/// @when pages
SEC("tracepoint/kmem/mm_page_alloc")
int on_mm_page_alloc(void *ctx)
{
	struct trace_event_raw_mm_page_alloc___any *record = ctx;
	unsigned long pfn = BPF_CORE_READ(record, pfn);

	if (pid_target || pfn == (unsigned long)-1)
		return 0;
	return kernel_allocated(ctx, PAGE_KEY(pfn), 4096ULL << (BPF_CORE_READ(record, order) & 31));
}

/// @optional
/// @when pages
SEC("tracepoint/kmem/mm_page_free")
int on_mm_page_free(void *ctx)
{
	struct trace_event_raw_mm_page_free___any *record = ctx;

	return freed(PAGE_KEY(BPF_CORE_READ(record, pfn)));
}

/* What is there of it on every CPU; `bytes_alloc` is known since 6.0. */
/// @optional
/// @when !pid_target
SEC("tracepoint/percpu/percpu_alloc_percpu")
int on_percpu_alloc(void *ctx)
{
	struct trace_event_raw_percpu_alloc_percpu___any *record = ctx;
	__u64 bytes;

	if (bpf_core_field_exists(record->bytes_alloc))
		bytes = BPF_CORE_READ(record, bytes_alloc);
	else
		bytes = BPF_CORE_READ(record, size);
	return kernel_allocated(ctx, (__u64)BPF_CORE_READ(record, ptr), bytes);
}

/// @optional
/// @when !pid_target
SEC("tracepoint/percpu/percpu_free_percpu")
int on_percpu_free(void *ctx)
{
	struct trace_event_raw_percpu_free_percpu___any *record = ctx;

	return freed((__u64)BPF_CORE_READ(record, ptr));
}
