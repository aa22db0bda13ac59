/*
 * Children that end in every way there is. Prints a line for each: its process ID, the status that wait(2) gave, the
 * nanoseconds it lived at most, how. Works in the directory given: cores are dumped there.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void *end_later(void *code)
{
	usleep(30000);
	syscall(SYS_exit, (int)(long)code);
	return 0;
}

static void *end_process(void *code)
{
	usleep(30000);
	exit((int)(long)code);
}

static void *return_at_once(void *barrier)
{
	pthread_barrier_wait(barrier);
	return 0;
}

static void child(const char *how)
{
	struct rlimit cores = { RLIM_INFINITY, RLIM_INFINITY };
	pthread_barrier_t barrier;
	pthread_t threads[32];

	if (!strcmp(how, "fine"))
		_exit(0);
	if (!strcmp(how, "code"))
		exit(42);
	if (!strcmp(how, "high"))
		_exit(-1);
	if (!strcmp(how, "killed"))
		raise(SIGKILL);
	if (!strcmp(how, "terminated"))
		raise(SIGTERM);
	if (!strcmp(how, "real-time"))
		raise(SIGRTMIN + 3);
	if (!strcmp(how, "no-core"))
		raise(SIGSEGV);
	if (!strcmp(how, "core")) {
		setrlimit(RLIMIT_CORE, &cores);
		abort();
	}
	if (!strcmp(how, "slept")) {
		usleep(200000);
		_exit(1);
	}
	/* The main thread ends first. */
	if (!strcmp(how, "main-first")) {
		pthread_create(&threads[0], 0, end_later, (void *)7L);
		syscall(SYS_exit, 5);
	}
	if (!strcmp(how, "thread-exits")) {
		pthread_create(&threads[0], 0, end_process, (void *)9L);
		pause();
	}
	if (!strcmp(how, "many")) {
		pthread_barrier_init(&barrier, 0, 33);
		for (int i = 0; i < 32; i++)
			pthread_create(&threads[i], 0, return_at_once, &barrier);
		pthread_barrier_wait(&barrier);
		pthread_exit(0);
	}
	_exit(99);
}

int main(int argc, char **argv)
{
	static const char *const ways[] = { "fine", "code", "high", "killed", "terminated", "real-time", "no-core", "core", "slept",
					    "main-first", "thread-exits", "many" };
	struct rlimit none = { 0, RLIM_INFINITY };

	if (argc < 2 || chdir(argv[1]))
		return 1;
	setrlimit(RLIMIT_CORE, &none);
	for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		int status;
		long long begin = now();
		pid_t pid = fork();
		if (pid == 0)
			child(ways[i]);
		waitpid(pid, &status, 0);
		printf("%d %d %lld %s\n", pid, status, now() - begin, ways[i]);
		fflush(stdout);
	}
	return 0;
}
