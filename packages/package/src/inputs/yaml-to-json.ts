import { MalformedError } from "@skep/bpf";
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
} from "yaml";
import { type Json, WholeFloat } from "../json.ts";

/** A package is large because of one long text; YAML beyond this is not a package. */
const MAX_BYTES = 96 * 1024 * 1024;
const MAX_DEPTH = 64;
/** Values in a document: a package has some thousands. */
const MAX_NODES = 1_000_000;

/**
 * Parses one YAML document of plain data. Aliases and tags are refused: no package has any, and aliases can make
 * little text into endless data.
 * @throws {MalformedError}
 */
export function parseYaml(bytes: Uint8Array, what: string): Json {
  if (bytes.length > MAX_BYTES) throw malformed(what, `has ${bytes.length} bytes, more than ${MAX_BYTES}`);
  const text = decode(bytes, what);
  refuseDeepText(text, what);
  let document: Document.Parsed;
  try {
    document = parseDocument(text, {
      intAsBigInt: true,
      keepSourceTokens: false,
      logLevel: "error",
      merge: false,
      prettyErrors: false,
      schema: "core",
      strict: true,
      uniqueKeys: false,
      version: "1.2",
    });
  } catch (cause) {
    throw malformed(what, "nests too deeply or is damaged", cause);
  }
  const error = document.errors[0] ?? document.warnings[0];
  if (error !== undefined)
    throw malformed(what, `${oneLine(error.message)} at character ${error.pos[0]}`, error);
  let nodes = 0;
  return toJson(document.contents, 0);

  function toJson(node: Node | null, depth: number): Json {
    if (node === null) return null;
    if (depth > MAX_DEPTH) throw malformed(what, `nests deeper than ${MAX_DEPTH}`);
    if (++nodes > MAX_NODES) throw malformed(what, `has more than ${MAX_NODES} values`);
    if (isAlias(node)) throw malformed(what, `has an alias (*${node.source})`);
    if (isScalar(node)) return scalar(node, what);
    if (isSeq(node)) return node.items.map((item) => toJson(item as Node | null, depth + 1));
    if (!isMap(node)) throw malformed(what, "has a value that is neither text, number, list nor map");
    const result: Record<string, Json> = Object.create(null);
    for (const { key, value } of node.items as Pair<Node, Node | null>[]) {
      if (!isScalar(key)) throw malformed(what, "has a key that is no text");
      result[String(key.source ?? key.value)] = toJson(value, depth + 1);
    }
    return result;
  }
}

function scalar(node: Scalar, what: string): Json {
  const { value } = node;
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (typeof value !== "number" || !Number.isFinite(value))
    throw malformed(what, `has a value that JSON has not: ${String(value)}`);
  return Number.isInteger(value) ? new WholeFloat(value) : value;
}

function decode(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw malformed(what, "is not UTF-8 text", cause);
  }
}

/**
 * The parser recurses into `[[[[` and `- - - -`, at a cost that grows with the square of the depth. Brackets inside of
 * texts count too: no annotation has hundreds of unclosed ones.
 */
function refuseDeepText(text: string, what: string): void {
  let depth = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    if (bracket === "[" || bracket === "{") depth++;
    else if (depth > 0) depth--;
    if (depth > 8 * MAX_DEPTH) throw malformed(what, `nests deeper than ${MAX_DEPTH}`);
  }
  if (/(?:[-?:][ \t]+){64}/.test(text) || /\n {512}/.test(text))
    throw malformed(what, `nests deeper than ${MAX_DEPTH}`);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function malformed(what: string, problem: string, cause?: unknown): MalformedError {
  return new MalformedError(`${what} is no YAML package: it ${problem}`, "check that it is the right file", {
    cause,
  });
}
