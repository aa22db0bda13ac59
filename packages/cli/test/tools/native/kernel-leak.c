/*
 * Takes memory of the kernel and gives some back, then says `open`, waits for a line, and ends. What stays meanwhile:
 *   250 of 400 pipes, each of them two pieces        600 of 1000 pages that belong to nobody else
 *   100 values that each CPU has of its own, of 8 bytes
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PIPES 400
#define PAGES 1000
#define PAGE_BYTES 4096

static int pipes(void)
{
	struct rlimit files = { 4 * PIPES, 4 * PIPES };
	int ends[PIPES][2];

	setrlimit(RLIMIT_NOFILE, &files);
	for (int index = 0; index < PIPES; index++)
		if (pipe(ends[index]))
			return -1;
	for (int index = 250; index < PIPES; index++) {
		close(ends[index][0]);
		close(ends[index][1]);
	}
	return 0;
}

/* MAP_POPULATE gives them a stack that other programs hardly have. */
static int pages(void)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
	char *begin;

	/* Single pages, no huge ones. */
	if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0))
		return -1;
	begin = mmap(NULL, PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (begin == MAP_FAILED)
		return -1;
	return munmap(begin + 600 * PAGE_BYTES, 400 * PAGE_BYTES);
}

static int per_cpu(void)
{
	/* What maps take counted as locked memory before 5.11. */
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	union bpf_attr map;

	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	memset(&map, 0, sizeof(map));
	map.map_type = BPF_MAP_TYPE_PERCPU_ARRAY;
	map.key_size = 4;
	map.value_size = 8;
	map.max_entries = 100;
	return syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map)) < 0 ? -1 : 0;
}

int main(void)
{
	if (pipes() || pages() || per_cpu()) {
		perror("kernel-leak");
		return 1;
	}
	puts("open");
	fflush(stdout);
	getchar();
	return 0;
}
