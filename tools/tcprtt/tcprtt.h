/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef TCPRTT_H
#define TCPRTT_H

/* Whose histograms are kept. */
enum tcprtt_by {
	BY_ALL,
	BY_LOCAL,
	BY_REMOTE,
	BY_BOTH,
};

/* Members that the flag does not ask for are 0. */
struct tcprtt_key {
	/// AF_INET (2) or AF_INET6 (10)
	/// @hidden
	unsigned short family;
	/// @when by=local|both
	/// @format ip family
	unsigned char local[16];
	/// @when by=remote|both
	/// @format ip family
	unsigned char remote[16];
};

/// @computed mean = total_us / samples as duration us
struct tcprtt_value {
	unsigned long long samples;
	/// @hidden
	unsigned long long total_us;
	unsigned long long slots[36];
};

#endif
