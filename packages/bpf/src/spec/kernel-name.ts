/** Bytes of a name in the kernel: BPF_OBJ_NAME_LEN without the final NUL. */
export const MAX_KERNEL_NAME = 15;

/** What the kernel takes as a name of a program or map: letters, digits, `_` and `.` (bpf_obj_name_cpy, kernel/bpf/syscall.c). */
export function kernelName(name: string): string {
  return kernelLetters(name.slice(0, MAX_KERNEL_NAME));
}

/** With `_` for what may not be in a name in the kernel. */
export function kernelLetters(name: string): string {
  return name.replace(/[^A-Za-z0-9_.]/g, "_");
}
