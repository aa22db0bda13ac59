// Flags of BPF_MAP_CREATE, include/uapi/linux/bpf.h.

/** Take memory for elements when they come. @kernel 4.6 */
export const BPF_F_NO_PREALLOC = 1 << 0;
/** A stack trace map that keeps build ids and file offsets instead of addresses. @kernel 4.17 */
export const BPF_F_STACK_BUILD_ID = 1 << 5;
/** Programs may not write. @kernel 5.2 */
export const BPF_F_RDONLY_PROG = 1 << 7;
/** The values of an array can be mapped into a process. @kernel 5.5 */
export const BPF_F_MMAPABLE = 1 << 10;
/** A map of struct_ops that is registered through a link. @kernel 6.4 */
export const BPF_F_LINK = 1 << 13;
