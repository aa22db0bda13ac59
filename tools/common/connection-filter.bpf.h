/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef CONNECTION_FILTER_BPF_H
#define CONNECTION_FILTER_BPF_H

#include "endpoints.bpf.h"

/* As many as flags can name. */
#define PORTS_MAX 1024
#define NETWORKS_MAX 1024

/* --ipv4, --ipv6, --lports, --rports, --laddrs and --raddrs, which every tool takes that looks at connections. */

/// Only IPv4
/// @cmdarg {"long": "ipv4", "short": "4"}
const volatile bool only_v4 = false;
/// Only IPv6
/// @cmdarg {"long": "ipv6", "short": "6"}
const volatile bool only_v6 = false;
/// @ignore
const volatile bool filter_lports = false;
/// @ignore
const volatile bool filter_rports = false;
/// @ignore
const volatile bool filter_laddrs = false;
/// @ignore
const volatile bool filter_raddrs = false;

/// Only connections with these ports on our side
/// @cmdarg {"long": "lports", "short": "L", "enables": "filter_lports"}
/// @format key port host
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PORTS_MAX);
	__type(key, __u16);
	__type(value, __u8);
} lports SEC(".maps");

/// Only connections with these ports on the other side
/// @cmdarg {"long": "rports", "short": "P", "enables": "filter_rports"}
/// @format key port host
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PORTS_MAX);
	__type(key, __u16);
	__type(value, __u8);
} rports SEC(".maps");

/* Key of a trie of networks: IPv4 is in it as ::ffff:a.b.c.d. */
struct network {
	__u32 bits;
	__u8 address[16];
};

/// Only connections with these addresses or networks on our side
/// @cmdarg {"long": "laddrs", "enables": "filter_laddrs"}
/// @format key ip
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, NETWORKS_MAX);
	__type(key, struct network);
	__type(value, __u8);
} laddrs SEC(".maps");

/// Only connections with these addresses or networks on the other side
/// @cmdarg {"long": "raddrs", "short": "A", "enables": "filter_raddrs"}
/// @format key ip
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, NETWORKS_MAX);
	__type(key, struct network);
	__type(value, __u8);
} raddrs SEC(".maps");

/* Whether an address lies in one of the networks of a trie. */
static __always_inline bool in_networks(void *networks, __u16 family, const __u8 *address)
{
	struct network key = { .bits = 128 };

	if (family == AF_INET) {
		key.address[10] = 0xff;
		key.address[11] = 0xff;
		__builtin_memcpy(key.address + 12, address, 4);
	} else {
		__builtin_memcpy(key.address, address, 16);
	}
	return bpf_map_lookup_elem(networks, &key) != NULL;
}

/* Whether the run looks at some connections only: else nobody has to know what a connection is to want it. */
static __always_inline bool chooses_connections(void)
{
	return only_v4 || only_v6 || filter_lports || filter_rports || filter_laddrs || filter_raddrs;
}

/* Whether a connection is one of those that the run looks at. */
static __always_inline bool connects_wanted(const struct endpoints *ends)
{
	if ((only_v4 && ends->family != AF_INET) || (only_v6 && ends->family != AF_INET6))
		return false;
	if (filter_lports && !bpf_map_lookup_elem(&lports, &ends->lport))
		return false;
	if (filter_rports && !bpf_map_lookup_elem(&rports, &ends->rport))
		return false;
	if (filter_laddrs && !in_networks(&laddrs, ends->family, ends->laddr))
		return false;
	return !filter_raddrs || in_networks(&raddrs, ends->family, ends->raddr);
}

#endif
