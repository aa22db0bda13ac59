/**
 * One 8-byte slot of BPF bytecode, as `struct bpf_insn` in include/uapi/linux/bpf.h.
 * A 64-bit immediate load (`ld_imm64`) takes two slots, as in the kernel, so that indexes here
 * are the kernel's indexes. Mutable: relocation edits instructions in place on a copy.
 */
export interface Instruction {
  /** Operation code, 0 to 255. 0 in the second slot of `ld_imm64`. */
  code: number;
  /** Destination register, 0 to 11. */
  dst: number;
  /** Source register, or a pseudo value such as BPF_PSEUDO_MAP_FD. */
  src: number;
  /** Signed 16-bit offset. */
  off: number;
  /** Signed 32-bit immediate. */
  imm: number;
}
