/*
 * The other side of bench/ring-buffer.mjs, with libbpf.
 *   ring-buffer produce PROGRAM SECONDS       runs the program as often as it can
 *   ring-buffer poll RING SECONDS             ring_buffer__poll(), as libbpf's users do
 *   ring-buffer batch RING SECONDS            sleeps a millisecond after each busy look
 *   ring-buffer drain RING PROGRAM ROUNDS     fills the ring, then times ring_buffer__consume()
 * Paths are pins. Prints events, wall and CPU nanoseconds.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct event {
	unsigned long long time, latency, seq;
	unsigned int pid, tid, uid;
	int result;
	char comm[16];
	unsigned int cpu, flags;
};

static unsigned long long events;
static volatile unsigned long long sink;

static unsigned long long now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static int take(void *context, void *data, size_t size)
{
	const struct event *e = data;

	if (size < sizeof(*e))
		return 0;
	sink += e->time + e->latency + e->seq + e->pid + e->tid + e->uid + e->result + e->comm[0] + e->cpu + e->flags;
	events++;
	return 0;
}

static void run(int program)
{
	char context[8] = {};
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = context, .ctx_size_in = sizeof(context));

	if (bpf_prog_test_run_opts(program, &options))
		exit(3);
}

static int pinned(const char *path)
{
	int fd = bpf_obj_get(path);

	if (fd < 0) {
		perror(path);
		exit(2);
	}
	return fd;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	const char *mode = argv[1];
	int fd = pinned(argv[2]);

	if (!strcmp(mode, "produce")) {
		unsigned long long end = now(CLOCK_MONOTONIC) + (unsigned long long)(atof(argv[3]) * 1e9);

		while (now(CLOCK_MONOTONIC) < end)
			run(fd);
		return 0;
	}
	struct ring_buffer *ring = ring_buffer__new(fd, take, NULL, NULL);

	if (!ring)
		return 2;
	if (!strcmp(mode, "drain")) {
		int program = pinned(argv[3]);

		for (int round = 0; round < atoi(argv[4]); round++) {
			for (int i = 0; i < 240; i++)
				run(program);
			unsigned long long before = events, start = now(CLOCK_MONOTONIC);

			ring_buffer__consume(ring);
			printf("%.3f\n", (double)(now(CLOCK_MONOTONIC) - start) / (events - before));
		}
		return 0;
	}
	unsigned long long start = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	unsigned long long end = start + (unsigned long long)(atof(argv[3]) * 1e9);
	int batch = !strcmp(mode, "batch");

	while (now(CLOCK_MONOTONIC) < end) {
		int n = ring_buffer__poll(ring, 100);

		if (batch && n > 0)
			usleep(1000);
	}
	printf("{\"events\":%llu,\"wall\":%llu,\"cpu\":%llu}\n", events, now(CLOCK_MONOTONIC) - start,
	       now(CLOCK_PROCESS_CPUTIME_ID) - cpu);
	return 0;
}
