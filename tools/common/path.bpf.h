/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef PATH_BPF_H
#define PATH_BPF_H

#include "open-file.bpf.h"

#define AT_FDCWD -100

/* The longest name of a file, and the longest path that a system call takes, with its NUL (limits.h). */
#define NAME_MAX 255
#define PATH_MAX 4096
/* Directories and mounts that a path is followed up through. */
#define DEPTH_MAX 256

/*
 * A path is written from its end to its begin, as the kernel's own d_path() does (fs/d_path.c): the last name is known first.
 * TEXT_AT is where the text that a caller passed goes; its directory is put before it, down to TEXT_LOW, where there is room
 * for the rest of a record. So a record is one piece of memory, and exactly as long as it has to be.
 */
#define TEXT_AT 4000
#define TEXT_LOW 256

struct path_buffer {
	char bytes[8192 + PATH_MAX];
	/* Where a walk is: an entry of a directory, its mount, and the root of that mount. */
	struct dentry *dentry;
	struct vfsmount *mount;
	struct dentry *top;
	/* What the process sees as the root of its files; nothing above it is part of a path. */
	struct dentry *root;
	struct vfsmount *root_mount;
	__u32 start;
};

/* Where each CPU puts paths together: too much for the stack of a program. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct path_buffer);
} path_buffers SEC(".maps");

static __always_inline struct path_buffer *path_buffer(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&path_buffers, &zero);
}

enum { PATH_GOES_ON, PATH_ENDS };

/*
 * Puts one more name before the path that this CPU's buffer holds. Not static, and all it needs is in the buffer: so the verifier
 * looks at it once, and not at each step of each walk.
 */
__noinline int walk_up(void)
{
	struct path_buffer *buffer = path_buffer();
	struct dentry *dentry, *parent;
	struct vfsmount *mount;
	struct qstr name;
	__u32 start;

	if (!buffer)
		return PATH_ENDS;
	dentry = buffer->dentry;
	mount = buffer->mount;
	if (dentry == buffer->root && mount == buffer->root_mount)
		return PATH_ENDS;
	if (dentry == buffer->top) {
		struct mount *here = (void *)mount - bpf_core_field_offset(struct mount, mnt);
		struct mount *above = BPF_CORE_READ(here, mnt_parent);

		if (above == here)
			return PATH_ENDS;
		buffer->dentry = BPF_CORE_READ(here, mnt_mountpoint);
		buffer->mount = &above->mnt;
		buffer->top = BPF_CORE_READ(above, mnt.mnt_root);
		return PATH_GOES_ON;
	}
	parent = BPF_CORE_READ(dentry, d_parent);
	if (dentry == parent)
		return PATH_ENDS;
	BPF_CORE_READ_INTO(&name, dentry, d_name);
	start = buffer->start;
	if (name.len > NAME_MAX || start < TEXT_LOW + name.len + 4)
		return PATH_ENDS;
	start -= name.len;
	bpf_probe_read_kernel(&buffer->bytes[start & 4095], name.len & NAME_MAX, name.name);
	start--;
	buffer->bytes[start & 4095] = '/';
	buffer->start = start;
	buffer->dentry = parent;
	return PATH_GOES_ON;
}

/*
 * Writes the path of a directory or file, a struct path at `address`, so that it ends before bytes[end] of this CPU's buffer,
 * which is at most TEXT_AT. A path that is too deep begins with "...", and one that leads nowhere (a pipe, a lazily unmounted
 * disk) as far as it goes. Returns where it begins.
 */
__noinline __u32 write_path_before(__u32 end, __u64 address)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	const struct path *path = (const struct path *)address;
	struct path_buffer *buffer = path_buffer();
	__u32 start;
	int depth;

	if (!buffer || end > TEXT_AT)
		return end;
	buffer->dentry = BPF_CORE_READ(path, dentry);
	buffer->mount = BPF_CORE_READ(path, mnt);
	buffer->top = BPF_CORE_READ(path, mnt, mnt_root);
	buffer->root = BPF_CORE_READ(fs, root.dentry);
	buffer->root_mount = BPF_CORE_READ(fs, root.mnt);
	buffer->start = end;
	for (depth = 0; depth < DEPTH_MAX; depth++)
		if (walk_up() == PATH_ENDS)
			break;
	start = buffer->start;
	if (depth == DEPTH_MAX) {
		start -= 3;
		buffer->bytes[start & 4095] = '.';
		buffer->bytes[(start + 1) & 4095] = '.';
		buffer->bytes[(start + 2) & 4095] = '.';
	}
	return start;
}

/* The directory that a relative path begins at: that of a descriptor, or the current one. */
static __always_inline const struct path *directory_of(int dirfd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct fs_struct *fs;
	struct file *file;

	if (dirfd == AT_FDCWD) {
		fs = BPF_CORE_READ(task, fs);
		return &fs->pwd;
	}
	file = file_of(dirfd);
	return file ? &file->f_path : 0;
}

/*
 * Makes the text at TEXT_AT absolute when it is relative, as the kernel would. Returns where the whole path begins. An empty
 * path stays empty, and one below a descriptor that is none stays as it is.
 */
static __always_inline __u32 make_absolute(struct path_buffer *buffer, int dirfd)
{
	const struct path *directory;

	if (buffer->bytes[TEXT_AT] == '/' || buffer->bytes[TEXT_AT] == '\0')
		return TEXT_AT;
	directory = directory_of(dirfd);
	if (!directory)
		return TEXT_AT;
	buffer->bytes[TEXT_AT - 1] = '/';
	return write_path_before(TEXT_AT - 1, (__u64)directory);
}

#endif
