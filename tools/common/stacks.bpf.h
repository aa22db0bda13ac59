/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef STACKS_BPF_H
#define STACKS_BPF_H

/* As many frames as the kernel takes unless told otherwise (kernel.perf_event_max_stack). */
#define FRAMES_MAX 127
#define STACKS_MAX 8192

/* The innermost first, with a zero behind the last. */
struct stack {
	__u64 frames[FRAMES_MAX + 1];
};

/*
 * Stacks by a hash of all their frames. Unlike BPF_MAP_TYPE_STACK_TRACE this has a place for every stack, whatever others are
 * there, and never fills up: those not seen for longest make room, and whoever shows them has read them by then.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, STACKS_MAX);
	__type(key, __u64);
	__type(value, struct stack);
} stacks SEC(".maps");

/* Where stacks are put together. `owner` tells when somebody else has used the place meanwhile. */
struct stack_place {
	__u64 owner;
	/* Room for one more frame. */
	__u64 before;
	struct stack stack;
};

#define PLACES 8

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PLACES);
	__type(key, __u32);
	__type(value, struct stack_place);
} stack_places SEC(".maps");

/* The first id is that of no stack at all, the second that of one which was not kept. */
#define NO_STACK 0ULL
#define LOST_STACK 1ULL

/* Keeps the first `count` frames of a stack. Returns its id. */
static __always_inline __u64 keep_stack(const struct stack *stack, __u32 count)
{
	__u64 hash = 0x9e3779b97f4a7c15ULL ^ count;
	__u32 index;
	long failed;

	for (index = 0; index < FRAMES_MAX; index++) {
		if (index >= count)
			break;
		hash = (hash ^ stack->frames[index]) * 0xff51afd7ed558ccdULL;
		hash ^= hash >> 29;
	}
	if (hash <= LOST_STACK)
		hash += 2;
	if (bpf_map_lookup_elem(&stacks, &hash))
		return hash;
	failed = bpf_map_update_elem(&stacks, &hash, stack, BPF_NOEXIST);
	return failed && failed != -17 /* EEXIST */ ? LOST_STACK : hash;
}

/* Takes the stack of the current task. `flags` as of bpf_get_stack(). Returns its id. */
static __always_inline __u64 take_stack(void *ctx, __u64 flags)
{
	/* A program that may be interrupted by another task on its CPU finds another place. */
	__u64 owner = bpf_get_current_pid_tgid() ^ flags << 32;
	__u32 index = (__u32)owner % PLACES, count;
	struct stack_place *place = bpf_map_lookup_elem(&stack_places, &index);
	__u64 id;
	long size;

	if (!place)
		return LOST_STACK;
	place->owner = owner;
	size = bpf_get_stack(ctx, &place->stack, FRAMES_MAX * sizeof(__u64), flags);
	if (size <= 0)
		return NO_STACK;
	count = (__u32)size / sizeof(__u64);
	place->stack.frames[count & FRAMES_MAX] = 0;
	id = keep_stack(&place->stack, count);
	return place->owner == owner ? id : LOST_STACK;
}

#endif
