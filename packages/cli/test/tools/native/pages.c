/* Reads a file with or without the page cache, or writes one: `cold`, `warm`, `write`, each followed by the path. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char buffer[65536];

static void read_all(const char *path)
{
	int fd = open(path, O_RDONLY);

	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
	close(fd);
}

static void forget(const char *path)
{
	int fd = open(path, O_RDONLY);

	fsync(fd);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
}

static void write_pages(const char *path, int pages)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	for (int i = 0; i < pages; i++)
		if (write(fd, buffer, 4096) != 4096)
			exit(1);
	close(fd);
}

int main(int count, char **args)
{
	char line[16];

	(void)count;
	for (;;) {
		ssize_t size = read(0, line, sizeof(line) - 1);

		if (size <= 0)
			return 0;
		line[size] = '\0';
		if (strncmp(line, "cold", 4) == 0)
			forget(args[1]);
		if (strncmp(line, "write", 5) == 0)
			write_pages(args[1], atoi(args[2]));
		else
			read_all(args[1]);
		if (write(1, "done\n", 5) != 5)
			return 1;
	}
}
