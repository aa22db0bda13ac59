/*
 * Fixed work for the tools to watch: workload KIND. Each line of standard input is a number: so many operations are done,
 * and the nanoseconds that they took are printed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FILE_SIZE (1 << 20)
#define BLOCK 4096

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void write_bytes(long times)
{
	static int null = -1;

	if (null < 0)
		null = open("/dev/null", O_WRONLY);
	for (long i = 0; i < times; i++)
		must(write(null, "", 1) == 1, "write");
}

static void open_files(long times)
{
	for (long i = 0; i < times; i++) {
		int fd = open("/etc/hostname", O_RDONLY | O_CLOEXEC);

		must(fd >= 0, "open");
		close(fd);
	}
}

static void unlink_nothing(long times)
{
	for (long i = 0; i < times; i++)
		unlink("/no/such/file");
}

static void run_programs(long times)
{
	for (long i = 0; i < times; i++) {
		pid_t pid = vfork();

		must(pid >= 0, "vfork");
		if (pid == 0) {
			execl("/bin/true", "true", (char *)0);
			_exit(127);
		}
		must(waitpid(pid, 0, 0) == pid, "waitpid");
	}
}

/* Processes that end without ever having been another program. */
static void end_processes(long times)
{
	for (long i = 0; i < times; i++) {
		pid_t pid = vfork();

		must(pid >= 0, "vfork");
		if (pid == 0)
			_exit(0);
		must(waitpid(pid, 0, 0) == pid, "waitpid");
	}
}

static void send_signals(long times)
{
	signal(SIGUSR1, SIG_IGN);
	for (long i = 0; i < times; i++)
		must(kill(getpid(), SIGUSR1) == 0, "kill");
}

/* Two processes wake each other: two switches. */
static void take_turns(long times)
{
	static int there[2], back[2];
	char byte = 0;

	if (there[1] == 0) {
		must(pipe(there) == 0 && pipe(back) == 0, "pipe");
		pid_t pid = fork();

		must(pid >= 0, "fork");
		if (pid == 0) {
			close(there[1]);
			while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
				;
			_exit(0);
		}
	}
	for (long i = 0; i < times; i++)
		must(write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1, "turn");
}

static void call_kernel(long times)
{
	for (long i = 0; i < times; i++)
		syscall(SYS_getppid);
}

static int listening(struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	*address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	must(bind(listener, (struct sockaddr *)address, sizeof(*address)) == 0, "bind");
	must(listen(listener, 16) == 0, "listen");
	must(getsockname(listener, (struct sockaddr *)address, &length) == 0, "getsockname");
	return listener;
}

static void connected(int listener, const struct sockaddr_in *address, int *ours, int *theirs)
{
	*ours = socket(AF_INET, SOCK_STREAM, 0);
	must(connect(*ours, (const struct sockaddr *)address, sizeof(*address)) == 0, "connect");
	*theirs = accept(listener, 0, 0);
	must(*theirs >= 0, "accept");
}

static void connect_sockets(long times)
{
	static struct sockaddr_in address;
	static int listener = -1;
	struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
	int ours, theirs;

	if (listener < 0)
		listener = listening(&address);
	for (long i = 0; i < times; i++) {
		connected(listener, &address, &ours, &theirs);
		/* No TIME_WAIT: a run must not wear out the ports of the next. */
		setsockopt(ours, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(ours);
		close(theirs);
	}
}

/* A byte there and a byte back over one connection. */
static void send_bytes(long times)
{
	static int ours = -1, theirs;
	struct sockaddr_in address;
	int at_once = 1;
	char byte = 0;

	if (ours < 0) {
		connected(listening(&address), &address, &ours, &theirs);
		setsockopt(ours, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once));
		setsockopt(theirs, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once));
	}
	for (long i = 0; i < times; i++) {
		must(send(ours, &byte, 1, 0) == 1 && recv(theirs, &byte, 1, 0) == 1, "there");
		must(send(theirs, &byte, 1, 0) == 1 && recv(ours, &byte, 1, 0) == 1, "back");
	}
}

/* A file of our own in the current directory, without a name. */
static int scratch_file(int flags)
{
	char name[] = "skep-bench-XXXXXX";
	static char zeros[FILE_SIZE];
	int fd = mkstemp(name);

	must(fd >= 0, "mkstemp");
	must(write(fd, zeros, sizeof(zeros)) == sizeof(zeros) && fsync(fd) == 0, "write");
	int again = open(name, O_RDONLY | flags);

	must(again >= 0, "open");
	unlink(name);
	close(fd);
	return again;
}

static void read_blocks(int fd, long times)
{
	static char *block;

	if (!block)
		block = aligned_alloc(BLOCK, BLOCK);
	for (long i = 0; i < times; i++)
		must(pread(fd, block, BLOCK, i * BLOCK % FILE_SIZE) == BLOCK, "pread");
}

static void read_cache(long times)
{
	static int fd = -1;

	if (fd < 0)
		fd = scratch_file(0);
	read_blocks(fd, times);
}

static void read_disk(long times)
{
	static int fd = -1;

	if (fd < 0)
		fd = scratch_file(O_DIRECT);
	read_blocks(fd, times);
}

static void allocate(long times)
{
	for (long i = 0; i < times; i++) {
		void *volatile memory = malloc(100);

		free(memory);
	}
}

/* For funclatency: no more than something to probe. */
__attribute__((noinline)) void called(void)
{
	__asm__ volatile("");
}

static void call_function(long times)
{
	for (long i = 0; i < times; i++)
		called();
}

/* An operation is about a millisecond. */
static void burn(long times)
{
	for (volatile long i = 0; i < times * 3000000; i++)
		;
}

static const struct {
	const char *name;
	void (*run)(long times);
} kinds[] = {
	{ "write", write_bytes }, { "open", open_files }, { "unlink", unlink_nothing }, { "exec", run_programs },
	{ "exit", end_processes }, { "signal", send_signals }, { "turns", take_turns }, { "syscall", call_kernel },
	{ "connect", connect_sockets }, { "send", send_bytes }, { "cache", read_cache }, { "disk", read_disk },
	{ "malloc", allocate }, { "call", call_function }, { "burn", burn },
};

int main(int argc, char **argv)
{
	char line[32];

	for (size_t i = 0; argc == 2 && i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(kinds[i].name, argv[1]) != 0)
			continue;
		while (fgets(line, sizeof(line), stdin)) {
			struct timespec begin, end;

			clock_gettime(CLOCK_MONOTONIC, &begin);
			kinds[i].run(atol(line));
			clock_gettime(CLOCK_MONOTONIC, &end);
			printf("%lld\n", (end.tv_sec - begin.tv_sec) * 1000000000LL + end.tv_nsec - begin.tv_nsec);
			fflush(stdout);
		}
		return 0;
	}
	fprintf(stderr, "usage: workload KIND\n");
	return 2;
}
