// Flags of BPF_MAP_CREATE and of map elements, include/uapi/linux/bpf.h.

export const BPF_F_NO_PREALLOC = 1 << 0;
export const BPF_F_RDONLY = 1 << 3;
export const BPF_F_WRONLY = 1 << 4;
/** A stack trace map that keeps build ids and file offsets instead of addresses. @kernel 4.17 */
export const BPF_F_STACK_BUILD_ID = 1 << 5;
/** The values of an array can be mapped into a process. @kernel 5.5 */
export const BPF_F_MMAPABLE = 1 << 10;

/** Create or replace an element. */
export const BPF_ANY = 0;
/** Create a new element, or fail with EEXIST. */
export const BPF_NOEXIST = 1;
/** Replace an existing element, or fail with ENOENT. */
export const BPF_EXIST = 2;
/** Hold the `bpf_spin_lock` in the value while it is copied. @kernel 5.1 */
export const BPF_F_LOCK = 4;
