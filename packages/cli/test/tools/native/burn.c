/*
 * Burns CPU time in ways that are known: `burn SECONDS` spends three turns in hot() for each in cold(), `burn SECONDS threads`
 * does so in two threads, `burn SECONDS ways` comes through very many different stacks. Says how much CPU time it took.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))

static volatile unsigned long sink;

static KEEP void hot(long turns)
{
	for (long i = 0; i < turns; i++)
		sink += i;
	__asm__ volatile("");
}

static KEEP void cold(long turns)
{
	for (long i = 0; i < turns; i++)
		sink += i;
	__asm__ volatile("");
}

static KEEP void step(void)
{
	hot(300000);
	cold(100000);
	__asm__ volatile("");
}

static KEEP void left(unsigned int way, int depth);

static KEEP void right(unsigned int way, int depth)
{
	if (depth)
		way & 1 ? left(way >> 1, depth - 1) : right(way >> 1, depth - 1);
	else
		hot(20000);
	__asm__ volatile("");
}

static KEEP void left(unsigned int way, int depth)
{
	if (depth)
		way & 1 ? left(way >> 1, depth - 1) : right(way >> 1, depth - 1);
	else
		hot(20000);
	__asm__ volatile("");
}

static double cpu_time(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double seconds;
static int ways;

static KEEP void *work(void *unused)
{
	unsigned int way = 1;

	while (cpu_time() < seconds) {
		if (ways)
			left((way = way * 1103515245 + 12345) >> 8, 20);
		else
			step();
	}
	return unused;
}

int main(int count, char **words)
{
	pthread_t other;
	int threads = count > 2 && !strcmp(words[2], "threads");

	seconds = count > 1 ? atof(words[1]) : 1;
	ways = count > 2 && !strcmp(words[2], "ways");
	if (threads)
		pthread_create(&other, NULL, work, NULL);
	work(NULL);
	if (threads)
		pthread_join(other, NULL);
	printf("%d %.3f\n", getpid(), cpu_time());
	return 0;
}
