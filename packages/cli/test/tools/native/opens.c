/*
 * Opens files in every way there is, below the directory given. Prints a line for each: how, descriptor or -1, errno, and
 * the path that a tracer should tell.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char top[4096];

static void tell(const char *how, long fd, const char *path)
{
	printf("%s %d %d %s/%s\n", how, fd < 0 ? -1 : (int)fd, fd < 0 ? errno : 0, top, path);
	if (fd >= 0)
		close(fd);
}

/* One request to a ring of one's own, without liburing. Returns what the kernel answered. */
static int open_through_ring(int dirfd, const char *path, int flags, int mode)
{
	struct io_uring_params params = {};
	int ring = syscall(SYS_io_uring_setup, 1, &params);

	if (ring < 0)
		return -1000;
	size_t sq_size = params.sq_off.array + params.sq_entries * 4;
	size_t cq_size = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
	char *sq = mmap(0, sq_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	char *cq = mmap(0, cq_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	struct io_uring_sqe *sqe = mmap(0, sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_OPENAT;
	sqe->fd = dirfd;
	sqe->addr = (unsigned long)path;
	sqe->len = mode;
	sqe->open_flags = flags;
	*(unsigned *)(sq + params.sq_off.array) = 0;
	*(unsigned *)(sq + params.sq_off.tail) = 1;
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, 0, 0) != 1)
		return -1000;
	struct io_uring_cqe *cqe = (void *)(cq + params.cq_off.cqes);
	int result = cqe->res;
	close(ring);
	return result;
}

int main(int argc, char **argv)
{
	if (argc < 2 || chdir(argv[1]) || !getcwd(top, sizeof(top)))
		return 1;
	mkdir("sub", 0755);
	close(open("sub/file", O_CREAT | O_WRONLY, 0644));
	int directory = open("sub", O_RDONLY | O_DIRECTORY);

	fflush(stdout);
	char absolute[8192];
	snprintf(absolute, sizeof(absolute), "%s/sub/file", top);
	tell("absolute", openat(AT_FDCWD, absolute, O_RDONLY), "sub/file");
	tell("relative", openat(AT_FDCWD, "sub/file", O_RDWR), "sub/file");
#ifdef SYS_open
	tell("open", syscall(SYS_open, "sub/file", O_RDONLY), "sub/file");
	tell("creat", syscall(SYS_creat, "sub/new", 0600), "sub/new");
#endif
	tell("dirfd", openat(directory, "file", O_WRONLY), "sub/file");
	struct open_how how = { .flags = O_RDONLY, .resolve = RESOLVE_NO_SYMLINKS };
	tell("openat2", syscall(SYS_openat2, directory, "file", &how, sizeof(how)), "sub/file");
	tell("missing", openat(directory, "missing", O_RDONLY), "sub/missing");
	tell("not-permitted", openat(directory, "file/below", O_RDONLY), "sub/file/below");

	char space[sizeof(struct file_handle) + 128];
	struct file_handle *handle = (void *)space;
	int mount;
	handle->handle_bytes = 128;
	if (name_to_handle_at(directory, "file", handle, &mount, 0) == 0) {
		long fd = open_by_handle_at(directory, handle, O_RDONLY);
		if (fd >= 0)
			tell("handle", fd, "sub/file");
	}

	int result = open_through_ring(directory, "file", O_RDONLY, 0);
	if (result > -1000) {
		tell("uring", result, "sub/file");
		result = open_through_ring(directory, "none", O_RDONLY, 0);
		errno = -result;
		tell("uring", -1, "sub/none");
	}

	/* Deeper than any path that could be passed in one piece. */
	char name[201];
	memset(name, 'd', 200);
	name[200] = '\0';
	char deep[8192] = "";
	for (int depth = 0; depth < 15; depth++) {
		mkdir(name, 0755);
		if (chdir(name))
			return 1;
		strcat(deep, name);
		strcat(deep, "/");
	}
	strcat(deep, "bottom");
	tell("deep", openat(AT_FDCWD, "bottom", O_CREAT | O_WRONLY, 0600), deep);

	/* Inside a root of its own a process knows nothing of what is above. */
	if (chroot(top) == 0 && chdir("/sub") == 0) {
		top[0] = '\0';
		tell("chroot", openat(AT_FDCWD, "file", O_RDONLY), "sub/file");
	}
	return 0;
}
