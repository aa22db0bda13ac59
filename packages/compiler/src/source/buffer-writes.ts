import type { Token } from "./lexer.ts";
import { afterBrackets } from "./structs.ts";

/** A place where the source puts something into a buffer map. */
export interface BufferWrite {
  readonly map: string;
  /** `event` for `struct event`, or a typedef's name; undefined when the source does not say it plainly. */
  readonly type: string | undefined;
  readonly line: number;
}

/** Helpers that write to a buffer: which argument is the map, which the data, which the size. */
const WRITERS: Readonly<
  Record<string, { readonly map: number; readonly data?: number; readonly size: number }>
> = {
  bpf_ringbuf_reserve: { map: 0, size: 1 },
  bpf_ringbuf_output: { map: 0, data: 1, size: 2 },
  bpf_perf_event_output: { map: 1, data: 3, size: 4 },
  bpf_skb_output: { map: 1, data: 3, size: 4 },
  bpf_xdp_output: { map: 1, data: 3, size: 4 },
};

/**
 * Finds the calls that fill ring and perf buffers and reads off the type: from `sizeof(struct event)`, from the
 * declaration of what `sizeof(*e)` or the data argument names.
 */
export function bufferWrites(source: readonly Token[]): BufferWrite[] {
  const tokens = source.filter(({ kind }) => kind !== "doc" && kind !== "directive");
  const writes: BufferWrite[] = [];
  for (const [index, token] of tokens.entries()) {
    const writer =
      token.kind === "word" && Object.hasOwn(WRITERS, token.text) ? WRITERS[token.text] : undefined;
    if (writer === undefined || tokens[index + 1]?.text !== "(") continue;
    const args = argumentsAt(tokens, index + 1);
    const map = args[writer.map]?.at(-1);
    if (map?.kind !== "word") continue;
    const before = tokens.slice(0, index);
    const type =
      typeOfSize(args[writer.size] ?? [], before) ??
      (writer.data === undefined ? undefined : typeOfData(args[writer.data] ?? [], before));
    writes.push({ map: map.text, type: type ?? typeOfResult(before), line: token.line });
  }
  return writes;
}

function argumentsAt(tokens: readonly Token[], open: number): Token[][] {
  const close = afterBrackets(tokens, open) - 1;
  const args: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens.slice(open + 1, close)) {
    if ("([{".includes(token.text)) depth++;
    if (")]}".includes(token.text)) depth--;
    if (token.text === "," && depth === 0) args.push([]);
    else args.at(-1)?.push(token);
  }
  return args;
}

/** `sizeof(struct event)`, `sizeof(event_t)`, `sizeof(*e)`, `sizeof e`; nothing else is a plain size. */
function typeOfSize(argument: readonly Token[], before: readonly Token[]): string | undefined {
  const [head, ...rest] = argument;
  if (head?.text !== "sizeof") return undefined;
  const inner = rest.filter(({ text }) => text !== "(" && text !== ")" && text !== "*");
  if (inner[0]?.text === "struct" && inner.length === 2) return inner[1]?.text;
  const name = inner.length === 1 && inner[0]?.kind === "word" ? inner[0].text : undefined;
  return name === undefined ? undefined : (declaredType(before, name) ?? name);
}

/** `&event`, `event`, `(void *)event`. */
function typeOfData(argument: readonly Token[], before: readonly Token[]): string | undefined {
  const name = argument.at(-1);
  return name?.kind === "word" ? declaredType(before, name.text) : undefined;
}

/** `e = bpf_ringbuf_reserve(…)`, with `e` declared there or before. */
function typeOfResult(before: readonly Token[]): string | undefined {
  const name = before.at(-1)?.text === "=" ? before.at(-2) : undefined;
  return name?.kind === "word" ? declaredType(before, name.text) : undefined;
}

const NO_TYPE = new Set([
  "return",
  "sizeof",
  "struct",
  "else",
  "goto",
  "case",
  "const",
  "volatile",
  "static",
]);

/** Type named by the nearest declaration before: `struct event *e`, `struct event e`, `event_t *e`, `u64 x, *e`. */
function declaredType(before: readonly Token[], name: string): string | undefined {
  for (let at = before.length - 1; at > 0; at--) {
    if (before[at]?.text !== name || before[at]?.kind !== "word") continue;
    let type = at - 1;
    while (before[type]?.text === "*" || before[type]?.text === "const") type--;
    const word = before[type];
    if (word?.kind !== "word" || NO_TYPE.has(word.text)) continue;
    const start = before[type - 1]?.text ?? ";";
    if (start === "struct" || [";", "{", "}", "(", ",", "const", "static", "volatile"].includes(start))
      return word.text;
  }
  return undefined;
}
