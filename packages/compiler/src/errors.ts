import { BpfError } from "@skep/bpf";

/** clang rejected a source. The message is clang's own text; `next` the hints that we have for it. */
export class CompileError extends BpfError {
  readonly code = "ERR_BPF_COMPILE";
  /** What clang printed, as it printed it. */
  readonly diagnostics: string;
  /** Known causes, one line each. */
  readonly hints: readonly string[];

  constructor(source: string, diagnostics: string, hints: readonly string[]) {
    super(`${source} does not compile:\n${diagnostics.trimEnd()}`, hints.join("\n"));
    this.diagnostics = diagnostics;
    this.hints = hints;
  }
}
