// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
/*
 * A JVM as its probes tell of it: after a line of standard input a collection of so many milliseconds (first argument) with two
 * pools inside, and then one of a collector that tells of pools only.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sdt.h>
#include <unistd.h>

static void pool_begin(const char *collector, const char *pool, size_t used)
{
	DTRACE_PROBE8(hotspot, mem__pool__gc__begin, collector, strlen(collector), pool, strlen(pool), 0UL, used, 4096UL, 8192UL);
}

static void pool_end(const char *collector, const char *pool, size_t used)
{
	DTRACE_PROBE8(hotspot, mem__pool__gc__end, collector, strlen(collector), pool, strlen(pool), 0UL, used, 4096UL, 8192UL);
}

int main(int argc, char **argv)
{
	static const char slow[] = "Slow", old[] = "Old Space", code[] = "CodeCache", cycles[] = "Cycles", heap[] = "Heap";
	bool full = true;

	if (getchar() == EOF || argc < 2)
		return 64;
	DTRACE_PROBE1(hotspot, gc__begin, full);
	pool_begin(slow, old, 1000);
	pool_begin(slow, code, 50);
	usleep(1000 * atoi(argv[1]));
	pool_end(slow, old, 400);
	pool_end(slow, code, 50);
	usleep(100000);
	DTRACE_PROBE(hotspot, gc__end);

	pool_begin(cycles, heap, 300);
	usleep(50000);
	pool_end(cycles, heap, 200);
	return 0;
}
