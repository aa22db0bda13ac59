/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef TCPTOP_H
#define TCPTOP_H

/* Whose bytes are counted apart. */
enum tcptop_per {
	PER_CONNECTION,
	PER_PROCESS,
	PER_REMOTE,
};

/* Members that the flag does not ask for are 0. */
struct tcptop_key {
	/// @when per=connection|process
	unsigned int pid;
	/// @when per=connection|process
	char comm[16];
	/// AF_INET (2) or AF_INET6 (10)
	/// @hidden
	unsigned short family;
	/// @when per=connection
	/// @format ip family
	unsigned char laddr[16];
	/// @when per=connection
	/// @format port host
	unsigned short lport;
	/// @when per=connection|remote
	/// @format ip family
	unsigned char raddr[16];
	/// @when per=connection
	/// @format port host
	unsigned short rport;
	/// @ignore
	unsigned short pad;
};

struct tcptop_value {
	/// @format bytes
	unsigned long long received;
	/// @format bytes
	unsigned long long sent;
	/// @format bytes
	/// @hidden
	unsigned long long total_bytes;
};

#endif
