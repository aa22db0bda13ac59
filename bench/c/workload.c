/* Fixed work for the tools to watch. Prints the nanoseconds that it took: workload KIND TIMES. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void open_files(long times)
{
	for (long i = 0; i < times; i++) {
		int fd = open("/etc/hostname", O_RDONLY | O_CLOEXEC);

		must(fd >= 0, "open");
		close(fd);
	}
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

static void send_signals(long times)
{
	signal(SIGUSR1, SIG_IGN);
	for (long i = 0; i < times; i++)
		must(kill(getpid(), SIGUSR1) == 0, "kill");
}

/* Two processes wake each other. */
static void take_turns(long times)
{
	int there[2], back[2];
	char byte = 0;

	must(pipe(there) == 0 && pipe(back) == 0, "pipe");
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (pid == 0) {
		for (long i = 0; i < times; i++)
			if (read(there[0], &byte, 1) != 1 || write(back[1], &byte, 1) != 1)
				_exit(1);
		_exit(0);
	}
	for (long i = 0; i < times; i++)
		must(write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1, "turn");
	waitpid(pid, 0, 0);
}

static void call_kernel(long times)
{
	for (long i = 0; i < times; i++)
		syscall(SYS_getppid);
}

static void connect_sockets(long times)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	must(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
	must(listen(listener, 16) == 0, "listen");
	must(getsockname(listener, (struct sockaddr *)&address, &length) == 0, "getsockname");
	for (long i = 0; i < times; i++) {
		int ours = socket(AF_INET, SOCK_STREAM, 0);

		must(connect(ours, (struct sockaddr *)&address, sizeof(address)) == 0, "connect");
		int theirs = accept(listener, 0, 0);

		must(theirs >= 0, "accept");
		/* No TIME_WAIT: a run must not wear out the ports of the next. */
		setsockopt(ours, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(ours);
		close(theirs);
	}
}

static const struct {
	const char *name;
	void (*run)(long times);
} kinds[] = {
	{ "open", open_files }, { "exec", run_programs }, { "signal", send_signals },
	{ "turns", take_turns }, { "syscall", call_kernel }, { "connect", connect_sockets },
};

int main(int argc, char **argv)
{
	struct timespec begin, end;

	for (size_t i = 0; argc == 3 && i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(kinds[i].name, argv[1]) != 0)
			continue;
		clock_gettime(CLOCK_MONOTONIC, &begin);
		kinds[i].run(atol(argv[2]));
		clock_gettime(CLOCK_MONOTONIC, &end);
		printf("%lld\n", (end.tv_sec - begin.tv_sec) * 1000000000LL + end.tv_nsec - begin.tv_nsec);
		return 0;
	}
	fprintf(stderr, "usage: workload KIND TIMES\n");
	return 2;
}
