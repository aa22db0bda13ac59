/* Sleeps, gives up its CPU, or forks as often as it is told, between two lines of its standard input. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void wait_for_line(void)
{
	char line[16];

	if (read(0, line, sizeof(line)) <= 0)
		exit(0);
}

static void burn(long milliseconds)
{
	struct timespec begin, now;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < milliseconds);
}

int main(int count, char **args)
{
	const char *what = args[1];
	int times = atoi(args[2]);

	if (count > 3) {
		cpu_set_t cpus;

		CPU_ZERO(&cpus);
		CPU_SET(atoi(args[3]), &cpus);
		sched_setaffinity(0, sizeof(cpus), &cpus);
	}
	for (;;) {
		wait_for_line();
		if (strcmp(what, "burn") == 0)
			burn(times);
		for (int i = 0; i < times; i++) {
			if (strcmp(what, "sleep") == 0)
				usleep(500);
			if (strcmp(what, "yield") == 0)
				sched_yield();
			if (strcmp(what, "fork") == 0) {
				pid_t child = fork();

				if (child == 0)
					_exit(0);
				waitpid(child, 0, 0);
			}
		}
		if (write(1, "done\n", 5) != 5)
			return 1;
	}
}
