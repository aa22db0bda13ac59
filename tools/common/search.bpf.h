/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef SEARCH_BPF_H
#define SEARCH_BPF_H

#include "path.bpf.h"

/*
 * Finds a text inside a path, looking at each letter once (Baeza-Yates and Gonnet, "A new approach to text searching", 1992):
 * bit i of `state` says that the last i + 1 letters are the first i + 1 of what is looked for.
 */

/* Longest text to look for, with its NUL. There is a bit for each letter. */
#define NEEDLE_MAX 65
/* Letters that are looked at in one go: the verifier follows the loop once, not once for each piece of a path. */
#define PIECE 256

/// Only paths with this text in them
/// @cmdarg {"long": "path", "short": "n"}
const volatile char path_text[NEEDLE_MAX] = "";

/* By letter: the places in path_text where it stands. */
static __u64 places[256];
static bool places_known;

struct search {
	__u64 state;
};

/* What a search of this CPU has found so far. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct search);
} searches SEC(".maps");

static __always_inline void find_places(void)
{
	__u32 index;

	/* Two that do this at once write the same in the end. */
	for (index = 0; index < NEEDLE_MAX - 1 && path_text[index]; index++)
		places[(__u8)path_text[index]] |= 1ULL << index;
	places_known = true;
}

static __always_inline __u32 length_of_path_text(void)
{
	__u32 length;

	for (length = 0; length < NEEDLE_MAX - 1; length++)
		if (!path_text[length])
			break;
	return length;
}

enum { SEARCH_GOES_ON, SEARCH_FOUND, SEARCH_ENDED };

/* Looks at the letters of the path buffer from `at` on. Not static: verified once, whatever the arguments. */
__noinline int search_piece(__u32 at)
{
	__u64 last = 1ULL << ((length_of_path_text() - 1) & 63);
	struct path_buffer *buffer = path_buffer();
	__u32 zero = 0, index;
	volatile struct search *search = bpf_map_lookup_elem(&searches, &zero);

	if (!buffer || !search)
		return SEARCH_ENDED;
	for (index = 0; index < PIECE; index++) {
		__u8 letter = buffer->bytes[(at + index) & 8191];

		if (!letter)
			return SEARCH_ENDED;
		search->state = ((search->state << 1) | 1) & places[letter];
		if (search->state & last)
			return SEARCH_FOUND;
	}
	return SEARCH_GOES_ON;
}

/* Whether the path in the buffer, from `start` on, has path_text in it. */
static __always_inline bool has_path_text(__u32 start)
{
	__u32 zero = 0, piece;
	struct search *search;
	int result;

	if (!places_known)
		find_places();
	search = bpf_map_lookup_elem(&searches, &zero);
	if (!search)
		return false;
	search->state = 0;
	for (piece = 0; piece < (TEXT_AT + PATH_MAX) / PIECE; piece++) {
		result = search_piece(start + piece * PIECE);
		if (result != SEARCH_GOES_ON)
			return result == SEARCH_FOUND;
	}
	return false;
}

#endif
