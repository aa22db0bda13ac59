/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef ENDPOINTS_BPF_H
#define ENDPOINTS_BPF_H

#define AF_INET 2
#define AF_INET6 10

/* Both ends of a connection. Ports are in host order; of an IPv4 address the first four bytes count. */
struct endpoints {
	__u16 family;
	__u16 lport;
	__u16 rport;
	__u8 laddr[16];
	__u8 raddr[16];
};

/* Reads what a socket is connected to. False for sockets that are neither IPv4 nor IPv6. */
static __always_inline bool read_endpoints(struct endpoints *ends, const struct sock *sk)
{
	ends->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	/* A socket that is closed has given its number back (skc_num), and this is where it still stands. */
	ends->lport = bpf_ntohs(BPF_CORE_READ((const struct inet_sock *)sk, inet_sport));
	ends->rport = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (ends->family == AF_INET) {
		BPF_CORE_READ_INTO((__u32 *)ends->laddr, sk, __sk_common.skc_rcv_saddr);
		BPF_CORE_READ_INTO((__u32 *)ends->raddr, sk, __sk_common.skc_daddr);
		return true;
	}
	if (ends->family != AF_INET6)
		return false;
	BPF_CORE_READ_INTO((struct in6_addr *)ends->laddr, sk, __sk_common.skc_v6_rcv_saddr);
	BPF_CORE_READ_INTO((struct in6_addr *)ends->raddr, sk, __sk_common.skc_v6_daddr);
	return true;
}

#endif
