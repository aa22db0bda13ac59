/*
 * Allocates what is known and frees half of it, then says its pid, waits for a line, and ends. What stays:
 *   leak_small()  100 of 64 bytes by malloc()            leak_zeroed()  10 of 1000 bytes by calloc()
 *   leak_grown()  1 of 5000 bytes by realloc() of another leak_aligned() 3 of 4096 bytes by posix_memalign()
 *   leak_mapped() 2 of 65536 bytes by mmap(), and one of 8192 bytes of which the first 4096 are unmapped
 * A realloc() that fails keeps its 300 bytes (leak_failed()). `leak many N` keeps N of 16 bytes. `leak nothing` says its pid,
 * and frees all that it allocates (churn()) until there is a line.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))

static void *volatile kept;
static void *volatile dropped;

static KEEP void leak_small(void)
{
	for (int index = 0; index < 100; index++)
		kept = malloc(64);
	__asm__ volatile("");
}

static KEEP void free_small(void)
{
	for (int index = 0; index < 100; index++) {
		dropped = malloc(64);
		free(dropped);
	}
	__asm__ volatile("");
}

static KEEP void leak_zeroed(void)
{
	for (int index = 0; index < 10; index++)
		kept = calloc(10, 100);
	__asm__ volatile("");
}

static KEEP void leak_grown(void)
{
	dropped = malloc(50);
	kept = realloc(dropped, 5000);
	__asm__ volatile("");
}

static KEEP void leak_failed(void)
{
	volatile size_t too_much = PTRDIFF_MAX - 4096;

	kept = malloc(300);
	dropped = realloc(kept, too_much);
	__asm__ volatile("");
}

static KEEP void leak_aligned(void)
{
	void *place;

	for (int index = 0; index < 3; index++)
		if (posix_memalign(&place, 64, 4096) == 0)
			kept = place;
	__asm__ volatile("");
}

static KEEP void leak_mapped(void)
{
	for (int index = 0; index < 2; index++)
		kept = mmap(NULL, 65536, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	kept = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(kept, 4096);
	dropped = mmap(NULL, 65536, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(dropped, 65536);
	__asm__ volatile("");
}

static KEEP void leak_many(int count)
{
	for (int index = 0; index < count; index++)
		kept = malloc(16);
	__asm__ volatile("");
}

static KEEP void churn(void)
{
	struct pollfd line = { .fd = 0, .events = POLLIN };

	while (!poll(&line, 1, 1)) {
		kept = calloc(1, 100);
		free(kept);
		kept = aligned_alloc(64, 640);
		free(kept);
		kept = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		munmap(kept, 4096);
	}
}

int main(int count, char **words)
{
	if (count > 1 && !strcmp(words[1], "nothing")) {
		printf("%d\n", getpid());
		fflush(stdout);
		churn();
		return 0;
	}
	if (count > 2 && !strcmp(words[1], "many")) {
		leak_many(atoi(words[2]));
	} else {
		leak_small();
		free_small();
		leak_zeroed();
		leak_grown();
		leak_failed();
		leak_aligned();
		leak_mapped();
	}
	if (count > 1 && !strcmp(words[count - 1], "wait")) {
		printf("%d\n", getpid());
		fflush(stdout);
		getchar();
	}
	return 0;
}
