/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef ENDPOINTS_BPF_H
#define ENDPOINTS_BPF_H

#include "member.bpf.h"

#define AF_INET 2
#define AF_INET6 10

/* Both ends of a connection. Ports are in host order; of an IPv4 address the first four bytes count. */
struct endpoints {
	/* Aligned for those who write all of an address at once. */
	__u8 laddr[16] __attribute__((aligned(8)));
	__u8 raddr[16];
	__u16 family;
	__u16 lport;
	__u16 rport;
};

/*
 * Reads what a socket is connected to; `typed` where the verifier knows that it is a struct sock (member.bpf.h). False for sockets
 * that are neither IPv4 nor IPv6.
 */
static __always_inline bool read_endpoints(struct endpoints *ends, const struct sock *sk, bool typed)
{
	ends->family = MEMBER(typed, sk, __sk_common.skc_family);
	ends->lport = MEMBER(typed, sk, __sk_common.skc_num);
	/* A socket that is closed has given its number back, and this is where it still stands. */
	if (!ends->lport)
		ends->lport = bpf_ntohs(BPF_CORE_READ((const struct inet_sock *)sk, inet_sport));
	ends->rport = bpf_ntohs(MEMBER(typed, sk, __sk_common.skc_dport));
	if (ends->family == AF_INET) {
		*(__u32 *)ends->laddr = MEMBER(typed, sk, __sk_common.skc_rcv_saddr);
		*(__u32 *)ends->raddr = MEMBER(typed, sk, __sk_common.skc_daddr);
		return true;
	}
	if (ends->family != AF_INET6)
		return false;
	*(struct in6_addr *)ends->laddr = MEMBER(typed, sk, __sk_common.skc_v6_rcv_saddr);
	*(struct in6_addr *)ends->raddr = MEMBER(typed, sk, __sk_common.skc_v6_daddr);
	return true;
}

#endif
