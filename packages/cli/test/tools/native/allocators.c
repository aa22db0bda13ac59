/*
 * Allocates what is known in ways that take more than malloc(), each time it reads a line: `move`, `threads`, `other` (functions
 * that only jemalloc has) or `small`. The kept are told by the function that keeps them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define KEEP __attribute__((noinline))

static void *volatile kept;

/* 65536 bytes, which were 8192. */
static KEEP void keep_moved(void)
{
	void *place = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	kept = mremap(place, 8192, 65536, MREMAP_MAYMOVE);
	__asm__ volatile("");
}

/* Of 3,000 allocations every hundredth stays: 30 of 48 bytes for each thread. */
static KEEP void *keep_some(void *unused)
{
	for (int i = 0; i < 3000; i++) {
		void *volatile place = malloc(48);

		if (i % 100)
			free(place);
	}
	__asm__ volatile("");
	return unused;
}

/* 5 of 100 bytes. */
static KEEP void keep_other(void *(*mallocx)(size_t, int), void (*dallocx)(void *, int))
{
	for (int i = 0; i < 8; i++) {
		kept = mallocx(100, 0);
		if (i < 3)
			dallocx(kept, 0);
	}
	__asm__ volatile("");
}

/* 100 of 64 bytes. */
static KEEP void keep_small(void)
{
	for (int i = 0; i < 100; i++)
		kept = malloc(64);
	__asm__ volatile("");
}

static void do_threads(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, keep_some, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

int main(void)
{
	char line[16];

	while (read(0, line, sizeof(line)) > 0) {
		if (!strncmp(line, "move", 4))
			keep_moved();
		if (!strncmp(line, "threads", 7))
			do_threads();
		if (!strncmp(line, "other", 5))
			keep_other((void *(*)(size_t, int))dlsym(RTLD_DEFAULT, "mallocx"),
				   (void (*)(void *, int))dlsym(RTLD_DEFAULT, "dallocx"));
		if (!strncmp(line, "small", 5))
			keep_small();
		if (write(1, "done\n", 5) != 5)
			return 1;
	}
	return 0;
}
