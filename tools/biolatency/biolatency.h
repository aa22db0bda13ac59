/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef BIOLATENCY_H
#define BIOLATENCY_H

/* What is asked of a disk. */
enum io_operation {
	IO_OTHER,
	IO_READ,
	IO_WRITE,
	IO_FLUSH,
	IO_DISCARD,
	IO_WRITE_ZEROES,
};

/* And how: bits of our own, because those of the kernel move. */
enum io_flag {
	IO_FLAG_NONE = 0,
	IO_FLAG_SYNC = 1,
	IO_FLAG_METADATA = 2,
	IO_FLAG_PRIORITY = 4,
	IO_FLAG_FUA = 8,
	IO_FLAG_PREFLUSH = 16,
	IO_FLAG_READAHEAD = 32,
	IO_FLAG_BACKGROUND = 64,
};

struct biolatency_key {
	/// @when disks
	char disk[32];
	/// @when flags
	/// @format enum io_operation short
	enum io_operation operation;
	/// @when flags
	/// @format flags io_flag short
	enum io_flag flags;
};

struct biolatency_times {
	unsigned long long slots[36];
};

#endif
