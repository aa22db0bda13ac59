/**
 * A name for the kernel: at most 15 bytes of letters, digits, `_` and `.` (BPF_OBJ_NAME_LEN and bpf_obj_name_cpy in
 * kernel/bpf/syscall.c). Other characters become `_`.
 */
export function objectName(name: string): string {
  return name.slice(0, 15).replace(/[^A-Za-z0-9_.]/g, "_");
}
