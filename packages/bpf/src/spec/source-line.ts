import type { Btf } from "../btf/btf.ts";
import type { FunctionSpec } from "./object-spec.ts";

/** A place in the program's source. */
export interface SourceLine {
  /** `opensnoop.bpf.c:42`, as the compiler was told the path. */
  readonly place: string;
  readonly text: string;
}

/** The C line that an instruction came from, by the object's line information. */
export function sourceLine(
  lineInfo: FunctionSpec["lineInfo"],
  btf: Btf | undefined,
  insn: number | undefined,
): SourceLine | undefined {
  if (insn === undefined || btf === undefined) return undefined;
  const record = lineInfo.findLast((line) => line.insn <= insn);
  if (record === undefined) return undefined;
  const file = btf.string(record.fileNameOffset);
  return { place: `${file}:${record.lineColumn >>> 10}`, text: btf.string(record.lineOffset).trim() };
}
