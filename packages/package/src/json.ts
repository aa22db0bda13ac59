import { MalformedError } from "@skep/bpf";

/**
 * A JSON value that keeps what `JSON.parse` loses: whole floats (`1.0`) stay apart from integers, and integers
 * beyond 2^53 are bigint. Both matter to a default value of a 64-bit or floating-point global.
 */
export type Json = null | boolean | number | bigint | WholeFloat | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** A number written as a float whose value is whole, such as `1.0` or `2e3`. */
export class WholeFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** `Array.isArray` does not narrow readonly arrays. */
export function isJsonArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !isJsonArray(value) && !(value instanceof WholeFloat);
}

export interface JsonLimits {
  /** Bytes of the whole text. */
  readonly maxBytes?: number;
  /** How deep arrays and objects may nest. */
  readonly maxDepth?: number;
}

/**
 * Parses one JSON text (RFC 8259) of UTF-8 bytes. Of a repeated key the last value counts, as in `JSON.parse`.
 * @throws {MalformedError} for anything else, with the byte offset
 */
export function parseJson(bytes: Uint8Array, what: string, limits: JsonLimits = {}): Json {
  const maxBytes = limits.maxBytes ?? 256 * 1024 * 1024;
  if (bytes.length > maxBytes)
    throw new MalformedError(
      `${what} has ${bytes.length} bytes, more than ${maxBytes}`,
      "check that it is the right file",
    );
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new MalformedError(`${what} is not UTF-8 text`, "check that it is the right file", { cause });
  }
  return parseJsonText(text, what, limits);
}

/** As `parseJson`, for text in hand. @throws {MalformedError} */
export function parseJsonText(text: string, what: string, limits: JsonLimits = {}): Json {
  const parser = new Parser(text, what, limits.maxDepth ?? 64);
  const value = parser.value(0);
  parser.end();
  return value;
}

/**
 * Parses the JSON value at the start of a text and says where it ends; undefined when the text does not begin
 * with one. For annotations, where prose may follow a value.
 */
export function parseJsonPrefix(text: string): { readonly value: Json; readonly end: number } | undefined {
  const parser = new Parser(text, "annotation", 64);
  try {
    const value = parser.value(0);
    return { value, end: parser.at };
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const HEX4 = /[0-9a-fA-F]{4}/y;
/** A run of characters that need no attention inside a string. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON strings must not hold control characters
const PLAIN = /[^"\\\u0000-\u001f]*/y;
/** Digits of an integer: enough for 128 bits with sign. Longer ones are no value of ours. */
const MAX_DIGITS = 40;

class Parser {
  at = 0;
  readonly #text: string;
  readonly #what: string;
  readonly #maxDepth: number;

  constructor(text: string, what: string, maxDepth: number) {
    this.#text = text;
    this.#what = what;
    this.#maxDepth = maxDepth;
  }

  value(depth: number): Json {
    if (depth > this.#maxDepth) this.#fail(`nests deeper than ${this.#maxDepth}`);
    this.#space();
    const first = this.#text[this.at];
    if (first === "{") return this.#object(depth);
    if (first === "[") return this.#array(depth);
    if (first === '"') return this.#string();
    if (first === "t") return this.#word("true", true);
    if (first === "f") return this.#word("false", false);
    if (first === "n") return this.#word("null", null);
    return this.#number();
  }

  end(): void {
    this.#space();
    if (this.at < this.#text.length) this.#fail("has text after its end");
  }

  #object(depth: number): JsonObject {
    const result: Record<string, Json> = Object.create(null);
    this.at++;
    if (this.#skip("}")) return result;
    do {
      this.#space();
      if (this.#text[this.at] !== '"') this.#fail("wants a key in quotes");
      const key = this.#string();
      if (!this.#skip(":")) this.#fail("wants a colon");
      result[key] = this.value(depth + 1);
    } while (this.#skip(","));
    if (!this.#skip("}")) this.#fail("wants a comma or a closing brace");
    return result;
  }

  #array(depth: number): readonly Json[] {
    const result: Json[] = [];
    this.at++;
    if (this.#skip("]")) return result;
    do result.push(this.value(depth + 1));
    while (this.#skip(","));
    if (!this.#skip("]")) this.#fail("wants a comma or a closing bracket");
    return result;
  }

  #string(): string {
    this.at++;
    let result = this.#plain();
    for (;;) {
      const next = this.#text[this.at];
      if (next === '"') break;
      if (next !== "\\") this.#fail("has an unfinished string or a raw control character in one");
      result += this.#escape() + this.#plain();
    }
    this.at++;
    return result;
  }

  #plain(): string {
    PLAIN.lastIndex = this.at;
    const run = PLAIN.exec(this.#text)?.[0] ?? "";
    this.at += run.length;
    return run;
  }

  #escape(): string {
    const letter = this.#text[this.at + 1] ?? "";
    if (letter === "u") {
      HEX4.lastIndex = this.at + 2;
      const digits = HEX4.exec(this.#text)?.[0];
      if (digits === undefined) this.#fail("has a broken \\u escape");
      this.at += 6;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const plain = ESCAPES[letter];
    if (plain === undefined) this.#fail("has an unknown escape");
    this.at += 2;
    return plain;
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.at)) this.#fail("wants a value");
    this.at += word.length;
    return value;
  }

  #number(): Json {
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.#text);
    if (match === null) this.#fail("wants a value");
    const [text, fraction, exponent] = match;
    if (fraction === undefined && exponent === undefined && text !== "-0") {
      if (text.length > MAX_DIGITS) this.#fail(`has an integer of ${text.length} digits`);
      this.at += text.length;
      const value = Number(text);
      return Number.isSafeInteger(value) ? value : BigInt(text);
    }
    const value = Number(text);
    if (!Number.isFinite(value)) this.#fail("has a number out of range");
    this.at += text.length;
    return Number.isInteger(value) ? new WholeFloat(value) : value;
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.at++;
    }
  }

  #skip(character: string): boolean {
    this.#space();
    if (this.#text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  #fail(problem: string): never {
    throw new MalformedError(
      `${this.#what} is not JSON: at character ${this.at} it ${problem}`,
      "check that it is the right file",
    );
  }
}
