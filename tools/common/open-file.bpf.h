/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
#ifndef OPEN_FILE_BPF_H
#define OPEN_FILE_BPF_H

/* The open file behind a descriptor of the current process, or null. */
static __always_inline struct file *file_of(int fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);
	struct file *file = 0;

	if (fd < 0 || (__u32)fd >= BPF_CORE_READ(table, max_fds))
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), &files[fd]);
	return file;
}

#endif
