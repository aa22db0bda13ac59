import { BPF_LDX, BPF_MEM, BPF_PSEUDO_CALL, BPF_W, CALL } from "../asm/opcodes.ts";
import { BtfBuilder } from "../btf/builder.ts";
import { BtfKind } from "../btf/types.ts";
import type { Kernel } from "../linux/kernel.ts";
import { CONTEXT_TAG } from "./context-arguments.ts";
import { attempt, type Probe } from "./features-attempt.ts";
import { intRecord } from "./features-btf.ts";
import { EXIT, loadProbe } from "./features-programs.ts";

/** A program that hands its context to a global function, which reads it: without the tag, it gets a pointer to nothing known. */
function loadTagged(kernel: Kernel): Disposable {
  const builder = new BtfBuilder();
  const int = builder.addRecord(intRecord(builder));
  const pointer = builder.add({ kind: BtfKind.Ptr, name: "", typeId: 0, kindFlag: false });
  const params = [{ name: "ctx", typeId: pointer }];
  const prototype = builder.add({ kind: BtfKind.FuncProto, name: "", returnId: int, params });
  const [main, reader] = ["main", "reader"].map((name) =>
    builder.add({ kind: BtfKind.Func, name, typeId: prototype, linkage: "global" }),
  ) as [number, number];
  const tag = { name: CONTEXT_TAG, typeId: reader, componentIndex: 0, kindFlag: false };
  builder.add({ kind: BtfKind.DeclTag, ...tag });
  const btf = kernel.bpf.btfLoad(builder.encode());
  try {
    const call = { code: CALL, dst: 0, src: BPF_PSEUDO_CALL, off: 0, imm: 1 };
    const read = { code: BPF_LDX | BPF_MEM | BPF_W, dst: 0, src: 1, off: 0, imm: 0 };
    const funcInfo = { bytes: new Uint8Array(Uint32Array.of(0, main, 2, reader).buffer), recordSize: 8 };
    return loadProbe(kernel, [call, EXIT, read, EXIT], { btf, funcInfo });
  } finally {
    btf.close();
  }
}

/** What global functions may say about their arguments. */
export const CONTEXT_PROBES = {
  /** The tag `arg:ctx` makes a parameter the program's context, whatever type it is declared with. */
  contextTag: {
    since: "6.8",
    detect: (kernel) => attempt("tagged context arguments", () => loadTagged(kernel)),
  },
} satisfies Record<string, Probe>;
