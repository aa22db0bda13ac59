import { dirname, join, normalize } from "node:path";
import { readBoundedFile } from "@skep/package";
import type { Node } from "web-tree-sitter";
import { type BufferWrite, bufferWrites } from "./buffer-writes.ts";
import { type Declaration, fileLevel } from "./declarations.ts";
import { type DocComment, docComment } from "./doc-comment.ts";
import { type ParsedC, parseC } from "./parse-c.ts";
import { type StructDefinition, structDefinitions } from "./structs.ts";

/** A source or header of the user's: what it declares, as far as a package can say something about it. */
export interface SourceFile {
  readonly path: string;
  /** What it includes with quotes, as written. */
  readonly includes: readonly string[];
  readonly declarations: readonly Declaration[];
  readonly structs: readonly StructDefinition[];
  readonly writes: readonly BufferWrite[];
  /** Documentation of nothing, or inside of functions. */
  readonly strays: readonly DocComment[];
}

const MAX_FILES = 64;
/** Sources that people write are a thousand times smaller. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Generated headers with the kernel's types are no source of events, and large. */
const NOT_OURS = /(?:^|\/)vmlinux[^/]*\.h$/;

/** @throws what reading the file throws; {MalformedError} when it is too large */
export async function readSource(path: string): Promise<SourceFile> {
  return sourceFile(path, new TextDecoder().decode(readBoundedFile(path, MAX_BYTES)));
}

/** @throws {MalformedError} when the text is too large */
export function sourceFile(path: string, text: string): Promise<SourceFile> {
  return parseC(path, text, (parsed) => describeFile(path, parsed));
}

function describeFile(path: string, parsed: ParsedC): SourceFile {
  const { declarations, types, strays } = fileLevel(parsed);
  const inStructs: DocComment[] = [];
  const structs = structDefinitions(types, inStructs);
  return {
    path,
    includes: quotedIncludes(parsed.root),
    declarations,
    structs,
    writes: bufferWrites(parsed.root),
    strays: [...strays, ...inStructs, ...inFunctions(parsed.root)],
  };
}

/** The headers a source includes with quotes from its own directory, and theirs; each once. */
export async function localHeaders(source: SourceFile): Promise<SourceFile[]> {
  const seen = new Set([normalize(source.path)]);
  const headers: SourceFile[] = [];
  const pending = [source];
  for (let file = pending.shift(); file !== undefined; file = pending.shift()) {
    for (const name of file.includes) {
      const path = normalize(join(dirname(file.path), name));
      if (seen.has(path) || seen.size > MAX_FILES || NOT_OURS.test(path)) continue;
      seen.add(path);
      const header = await readSource(path).catch(() => undefined);
      if (header === undefined) continue;
      headers.push(header);
      pending.push(header);
    }
  }
  return headers;
}

function quotedIncludes(root: Node): string[] {
  return root
    .descendantsOfType("preproc_include")
    .map((include) => include.childForFieldName("path"))
    .filter((path) => path?.type === "string_literal")
    .map((path) => path?.text.slice(1, -1) ?? "");
}

function inFunctions(root: Node): DocComment[] {
  return root
    .descendantsOfType("function_definition")
    .flatMap((definition) => definition.childForFieldName("body")?.descendantsOfType("comment") ?? [])
    .map((comment) => docComment(comment)?.doc)
    .filter((doc) => doc !== undefined);
}
