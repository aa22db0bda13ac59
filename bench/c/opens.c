// Opens a file that does not exist `count` times, at most `rate` times a second (0: as fast as it can), once a line arrives
// on standard input. Says its process ID before, and how many seconds it took after.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 0;
	double rate = argc > 2 ? atof(argv[2]) : 0;
	char line[16];
	double start;
	long i;

	printf("%d\n", getpid());
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	start = now();
	for (i = 0; i < count; i++) {
		// In steps of a millisecond, as a busy program would: what it is behind, it catches up with.
		if (rate > 0 && i % (long)(rate / 1000) == 0)
			while (now() - start < i / rate)
				usleep(200);
		close(open("/no/such/skep-bench", O_RDONLY | O_CLOEXEC));
	}
	printf("%f\n", now() - start);
	return 0;
}
