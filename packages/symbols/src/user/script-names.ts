import { fileURLToPath } from "node:url";
import type { SourceLine } from "../dwarf/line-table.ts";

/** What a runtime's name for its code says. */
export interface RuntimeName {
  readonly name: string;
  readonly source?: SourceLine;
}

/**
 * V8 writes `JS:*parse /app/main.js:3:17`, older ones `LazyCompile:`; the mark says how it was compiled. Functions are called
 * whatever people call them, and paths have spaces: the path begins with what looks like one, or after the last space.
 */
const SCRIPT = /^(JS|LazyCompile|Function|Script|Eval|Module):[~^*+-]?(.*)$/s;
const PLACE = /^(.*?) ?((?<=^| )(?:\/|[a-z][a-z-]*:).*?|(?<=^| )[^ ]*?):(\d+)(?::(\d+))?$/s;

/** Takes a JavaScript function's name apart, so that it is the same however it was compiled; other names stay as they are. */
export function runtimeName(text: string): RuntimeName {
  const [, kind, rest = ""] = SCRIPT.exec(text) ?? [];
  if (kind === undefined) return { name: text };
  const [, name = rest, file = "", line = "0", column = "0"] = PLACE.exec(rest) ?? [];
  const shown = name === "" ? nameless(kind) : name;
  if (file === "" || line === "0") return { name: shown };
  return {
    name: shown,
    source: { file: pathOf(file), line: Number(line), column: Number(column) || undefined },
  };
}

function nameless(kind: string): string {
  return kind === "Script" || kind === "Eval" ? `(${kind.toLowerCase()})` : "(anonymous)";
}

function pathOf(file: string): string {
  try {
    return file.startsWith("file://") ? fileURLToPath(file) : file;
  } catch {
    return file;
  }
}
