/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef HISTOGRAM_BPF_H
#define HISTOGRAM_BPF_H

/* Slots of a histogram: 2^36 ns is over a minute; of microseconds the last ones stay empty. */
#define SLOTS 36

/* What times are counted in. */
enum time_unit {
	UNIT_NSECS,
	UNIT_USECS,
	UNIT_MSECS,
};

static __always_inline __u64 in_unit(__u64 ns, enum time_unit unit)
{
	switch (unit) {
	case UNIT_MSECS:
		return ns / 1000000;
	case UNIT_USECS:
		return ns / 1000;
	default:
		return ns;
	}
}

/* Slot 0 counts 0 and 1, slot i counts 2^i to 2^(i+1) - 1, and the last one all that is larger. */
static __always_inline __u32 slot_of(__u64 value)
{
	__u32 slot = 0, step;

	for (step = 32; step > 0; step /= 2)
		if (value >> step) {
			value >>= step;
			slot += step;
		}
	return slot < SLOTS ? slot : SLOTS - 1;
}

/* Slots that several CPUs count in. */
static __always_inline void count_in(__u64 *slots, __u64 value)
{
	__u32 slot = slot_of(value);

	/* The verifier does not follow the sums of slot_of(). */
	if (slot < SLOTS)
		__sync_fetch_and_add(&slots[slot], 1);
}

#endif
