import type { KeyObject } from "node:crypto";
import { MalformedError } from "@skep/bpf";
import { parseJson } from "../json.ts";
import { digestOf } from "../oci/digest.ts";
import { writeJson } from "../write-json.ts";
import {
  readSignatures,
  requireSignature,
  type Signature,
  signaturesJson,
  withSignature,
} from "./signature.ts";

/** The custom section that holds the signatures: other readers of Wasm pass over it (core spec, "Custom section"). */
const SECTION = "skep.signatures";
const HEADER_BYTES = 8;
const MAX_SECTIONS = 10_000;

/** The module with a signature added at its end; one by the same key is replaced. @throws {MalformedError} */
export function signWasm(module: Uint8Array, key: KeyObject): Uint8Array {
  const { bare, signatures } = split(module);
  const all = withSignature(signatures, signedText(bare), key);
  return new Uint8Array(
    Buffer.concat([bare, section(new TextEncoder().encode(writeJson(signaturesJson(all))))]),
  );
}

/** @throws {MalformedError} */
export function wasmSignatures(module: Uint8Array): Signature[] {
  return split(module).signatures;
}

/** @throws {PermissionError} when the module is not signed by this key as it is */
export function requireWasmSignature(module: Uint8Array, key: KeyObject, what: string): void {
  const { bare, signatures } = split(module);
  requireSignature(signedText(bare), signatures, key, what);
}

function signedText(bare: Uint8Array): string {
  return `skep signature 1: wasm\nmodule ${digestOf(bare)}\n`;
}

/** The module as it was before it was signed. Only a section at the very end counts: nothing can hide behind it. */
function split(module: Uint8Array): { readonly bare: Uint8Array; readonly signatures: Signature[] } {
  let last: { readonly at: number; readonly content: Uint8Array } | undefined;
  let at = HEADER_BYTES;
  for (let count = 0; at < module.length; count++) {
    if (count === MAX_SECTIONS) throw malformed();
    const begin = at;
    const id = module[at++];
    const size = leb(module, at);
    if (size.value > module.length - size.end) throw malformed();
    at = size.end + size.value;
    const content = id === 0 ? customContent(module.subarray(size.end, at)) : undefined;
    last = content === undefined ? undefined : { at: begin, content };
  }
  if (last === undefined) return { bare: module, signatures: [] };
  return {
    bare: module.subarray(0, last.at),
    signatures: readSignatures(parseJson(last.content, "signatures")),
  };
}

function customContent(body: Uint8Array): Uint8Array | undefined {
  const length = leb(body, 0);
  if (length.value > body.length - length.end) throw malformed();
  const end = length.end + length.value;
  const name = new TextDecoder().decode(body.subarray(length.end, end));
  return name === SECTION ? body.subarray(end) : undefined;
}

function section(content: Uint8Array): Uint8Array {
  const name = new TextEncoder().encode(SECTION);
  const body = Buffer.concat([lebBytes(name.length), name, content]);
  return Buffer.concat([Uint8Array.of(0), lebBytes(body.length), body]);
}

/** An unsigned 32-bit number in LEB128. */
function leb(bytes: Uint8Array, start: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let index = 0; index < 5; index++) {
    const byte = bytes[start + index];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, end: start + index + 1 };
  }
  throw malformed();
}

function lebBytes(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return Uint8Array.from(bytes);
}

function malformed(): MalformedError {
  return new MalformedError("the Wasm module is damaged or cut off", "fetch or build it again");
}
