import { readFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { type Token, tokenize } from "./lexer.ts";

/** A source or header of the user's, read and cut into tokens. */
export interface SourceFile {
  readonly path: string;
  readonly tokens: readonly Token[];
}

const MAX_FILES = 64;
/** Generated headers with the kernel's types are no source of events, and large. */
const NOT_OURS = /(?:^|\/)vmlinux[^/]*\.h$/;

/** @throws what reading the file throws */
export async function readSource(path: string): Promise<SourceFile> {
  return { path, tokens: tokenize(await readFile(path, "utf8")) };
}

/** The headers a source includes with quotes from its own directory, and theirs; each once. */
export async function localHeaders(source: SourceFile): Promise<SourceFile[]> {
  const seen = new Set([normalize(source.path)]);
  const headers: SourceFile[] = [];
  const pending = [source];
  for (let file = pending.shift(); file !== undefined; file = pending.shift()) {
    for (const path of quotedIncludes(file)) {
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

function quotedIncludes({ path, tokens }: SourceFile): string[] {
  return tokens
    .filter(({ kind }) => kind === "directive")
    .map(({ text }) => /^#\s*include\s*"([^"\n]+)"/.exec(text)?.[1])
    .filter((name) => name !== undefined)
    .map((name) => normalize(join(dirname(path), name)));
}
