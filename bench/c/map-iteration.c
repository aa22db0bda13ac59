/* The other side of bench/map-iteration.mjs: BPF_MAP_LOOKUP_BATCH through libbpf over a pinned u32 -> u64 hash. */
#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define COUNT 4096
static unsigned int keys[COUNT];
static unsigned long long values[COUNT];

int main(int argc, char **argv)
{
	int fd = argc > 2 ? bpf_obj_get(argv[1]) : -1;

	if (fd < 0)
		return 2;
	for (int round = 0; round < atoi(argv[2]); round++) {
		struct timespec start, end;
		unsigned int in = 0, out = 0, total = 0;
		unsigned long long sum = 0;
		void *from = NULL;
		int error;

		clock_gettime(CLOCK_MONOTONIC, &start);
		do {
			unsigned int count = COUNT;

			error = bpf_map_lookup_batch(fd, from, &out, keys, values, &count, NULL);
			for (unsigned int i = 0; i < count; i++)
				sum += keys[i] + values[i];
			total += count;
			in = out;
			from = &in;
		} while (!error);
		clock_gettime(CLOCK_MONOTONIC, &end);
		printf("%.3f\n", ((end.tv_sec - start.tv_sec) * 1e9 + end.tv_nsec - start.tv_nsec) / total + 0 * (sum & 1));
	}
	return 0;
}
