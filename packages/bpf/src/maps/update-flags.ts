// Flags of BPF_MAP_UPDATE_ELEM and its like, include/uapi/linux/bpf.h.

/** Create or replace an element. */
export const BPF_ANY = 0;
/** Create a new element, or fail with EEXIST. */
export const BPF_NOEXIST = 1;
/** Replace an existing element, or fail with ENOENT. */
export const BPF_EXIST = 2;
/** Hold the `bpf_spin_lock` in the value while it is copied. @kernel 5.1 */
export const BPF_F_LOCK = 4;
