// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
/*
 * A TCP client and a TCP server that do exactly what they are told, and say what came of it as one line of JSON.
 *
 *   tcp connect ADDRESS PORT [WAIT_MS]        WAIT_MS: give up after so long
 *   tcp listen ADDRESS PORT BACKLOG           print "ready", at a line of standard input accept a connection, wait for its end
 *   tcp send ADDRESS PORT BYTES TIMES         connect, send BYTES and read as many back, TIMES times; then say the round-trip time,
 *                                             and wait for a line of standard input
 *   tcp echo ADDRESS PORT                     print "ready", send back what comes on one connection
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_storage address;
static socklen_t length;

static void parse(const char *host, const char *port)
{
	struct sockaddr_in *v4 = (void *)&address;
	struct sockaddr_in6 *v6 = (void *)&address;

	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(atoi(port));
		length = sizeof(*v4);
	} else if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(atoi(port));
		length = sizeof(*v6);
	} else {
		exit(64);
	}
}

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int local_port(int fd)
{
	struct sockaddr_in6 name = {};
	socklen_t size = sizeof(name);

	/* The port is at the same place for both families. */
	getsockname(fd, (void *)&name, &size);
	return ntohs(name.sin6_port);
}

static int open_connection(int wait)
{
	long long begin = now();
	int fd = socket(address.ss_family, SOCK_STREAM | (wait ? SOCK_NONBLOCK : 0), 0);
	int error = connect(fd, (void *)&address, length) ? errno : 0;

	if (error == EINPROGRESS) {
		struct pollfd poller = { .fd = fd, .events = POLLOUT };
		socklen_t size = sizeof(error);

		if (poll(&poller, 1, wait) == 1)
			getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	}
	if (error == EINPROGRESS)
		close(fd);
	printf("{\"pid\": %d, \"error\": %d, \"ns\": %lld, \"lport\": %d}\n", getpid(), error, now() - begin,
	       error ? 0 : local_port(fd));
	fflush(stdout);
	return error ? -1 : fd;
}

static int listener(int backlog)
{
	int fd = socket(address.ss_family, SOCK_STREAM, 0);
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&address, length) || listen(fd, backlog)) {
		perror("listen");
		exit(71);
	}
	printf("ready %d\n", getpid());
	fflush(stdout);
	return fd;
}

/* Reads until so many bytes are there, or the end. */
static size_t read_all(int fd, char *buffer, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t bytes = recv(fd, buffer + got, size - got, 0);

		if (bytes <= 0)
			break;
		got += bytes;
	}
	return got;
}

/* What the kernel itself thinks of a connection. */
static void report(int fd)
{
	struct tcp_info info = {};
	socklen_t size = sizeof(info);

	getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size);
	printf("{\"rtt_us\": %u}\n", info.tcpi_rtt);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static char buffer[1 << 20];
	const char *what = argc > 3 ? argv[1] : "";
	int fd;

	if (argc < 4)
		return 64;
	parse(argv[2], argv[3]);
	if (!strcmp(what, "connect")) {
		open_connection(argc > 4 ? atoi(argv[4]) : 0);
	} else if (!strcmp(what, "listen")) {
		fd = listener(atoi(argv[4]));
		if (read(0, buffer, 1) < 0)
			return 74;
		fd = accept(fd, NULL, NULL);
		read_all(fd, buffer, sizeof(buffer));
	} else if (!strcmp(what, "send")) {
		size_t size = atol(argv[4]);
		int times = atoi(argv[5]);
		int one = 1;

		fd = open_connection(0);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		while (times--) {
			if (send(fd, buffer, size, 0) != (ssize_t)size || read_all(fd, buffer, size) != size)
				return 74;
		}
		report(fd);
		/* Stays open until told. */
		if (read(0, buffer, 1) < 0)
			return 74;
	} else if (!strcmp(what, "echo")) {
		ssize_t bytes;

		fd = accept(listener(8), NULL, NULL);
		while ((bytes = recv(fd, buffer, sizeof(buffer), 0)) > 0) {
			/* A look at what comes is no receiving. */
			recv(fd, buffer + sizeof(buffer) / 2, 1, MSG_PEEK | MSG_DONTWAIT);
			if (send(fd, buffer, bytes, 0) != bytes)
				return 74;
		}
		close(fd);
	}
	return 0;
}
