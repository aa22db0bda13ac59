/*
 * Does what the tools for processes count, each time it reads a line: its main thread each thing 30 times and another thread 50
 * times; then it starts /bin/true four times.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int file;
static char pages[200 * 4096];

__attribute__((noinline, noclone)) void deed(void)
{
	__asm__ volatile("");
}

static void *do_them(void *times)
{
	for (long i = 0; i < (long)times; i++) {
		deed();
		syscall(SYS_getppid);
		kill(getpid(), 0);
		open("/nowhere/deed", O_RDONLY);
		if (pread(file, pages, sizeof(pages), 0) < 0)
			return 0;
	}
	return 0;
}

static void start_true(void)
{
	pid_t child = fork();

	if (child == 0) {
		execl("/bin/true", "true", "deed", (char *)0);
		_exit(1);
	}
	waitpid(child, 0, 0);
}

int main(int count, char **args)
{
	char line[16];

	if (count < 2 || (file = open(args[1], O_RDONLY)) < 0)
		return 1;
	while (read(0, line, sizeof(line)) > 0) {
		pthread_t thread;

		do_them((void *)30L);
		pthread_create(&thread, 0, do_them, (void *)50L);
		pthread_join(thread, 0);
		for (int i = 0; i < 4; i++)
			start_true();
		if (write(1, "done\n", 5) != 5)
			return 1;
	}
	return 0;
}
