/*
 * Blocks for times that are known: `block COUNT MS` sleeps COUNT times for MS milliseconds in nap(), then waits once as long for
 * a lock in wait_for_lock(). Says how long it really took: COUNT lines of sleeps, and one of the lock, in nanoseconds.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define KEEP __attribute__((noinline))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t barrier;
static long ms;

static void pause_for(long milliseconds)
{
	struct timespec time = { milliseconds / 1000, milliseconds % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static KEEP void nap(void)
{
	pause_for(ms);
	__asm__ volatile("");
}

static KEEP void wait_for_lock(void)
{
	pthread_mutex_lock(&lock);
	__asm__ volatile("");
}

static void *hold(void *unused)
{
	pthread_mutex_lock(&lock);
	pthread_barrier_wait(&barrier);
	pause_for(ms);
	pthread_mutex_unlock(&lock);
	return unused;
}

int main(int count, char **words)
{
	int times = count > 1 ? atoi(words[1]) : 1;
	pthread_t other;
	long long since;

	ms = count > 2 ? atoi(words[2]) : 10;
	for (int index = 0; index < times; index++) {
		since = now();
		nap();
		printf("nap %lld\n", now() - since);
	}
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&other, NULL, hold, NULL);
	pthread_barrier_wait(&barrier);
	since = now();
	wait_for_lock();
	printf("lock %lld\n", now() - since);
	pthread_join(other, NULL);
	return 0;
}
