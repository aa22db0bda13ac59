import type { FunctionSpec, ObjectSpec } from "@skep/bpf";

/** `call` of a helper: BPF_JMP | BPF_CALL with source 0. */
const CALL = 0x85;
/** bpf_trace_printk and bpf_trace_vprintk, enum bpf_func_id. */
const PRINTK_HELPERS: ReadonlySet<number> = new Set([6, 177]);

/** Does any of the object's code print? */
export function usesPrintk(spec: ObjectSpec): boolean {
  const prints = ({ instructions }: FunctionSpec) =>
    instructions.some(({ code, src, imm }) => code === CALL && src === 0 && PRINTK_HELPERS.has(imm));
  return spec.programs.some(prints) || spec.subprograms.some(prints);
}
