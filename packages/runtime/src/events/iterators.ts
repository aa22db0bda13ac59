import { type BpfObject, decoderOf, IteratorLink } from "@skep/bpf";
import { escapeText } from "../output/escape.ts";
import type { EventSource } from "./event-types.ts";
import type { Feed, Take } from "./feed.ts";

/**
 * Lets the iterators among the programs walk once, but for those whose records are `typed`. All others are attached by then, so
 * that nothing comes between what they find there and what happens from now on.
 * @param print takes what they write with BPF_SEQ_PRINTF(), line by line
 * @returns whether there is nothing but iterators, so that there is nothing to wait for
 */
export function walkOnce(
  object: BpfObject,
  typed: readonly EventSource[],
  print: (line: string) => void,
): boolean {
  const iterators = iteratorsOf(object);
  for (const iterator of iterators) {
    if (typed.some(({ kind, map }) => kind === "iterator" && map === iterator.program)) continue;
    const text = iterator.text();
    if (text !== "") for (const line of text.replace(/\n$/, "").split("\n")) print(safe(line));
  }
  return iterators.length > 0 && iterators.length === object.links.length;
}

/** The records that an iterator writes with bpf_seq_write(), of one walk at the start. */
export function iteratorFeed(object: BpfObject, { map: program, typeIds }: EventSource, take: Take): Feed {
  let walked = false;
  return {
    live: false,
    start() {
      const iterator = iteratorsOf(object).find((link) => link.program === program);
      if (!walked && iterator !== undefined) walk(iterator);
      walked = true;
      return { close() {}, [Symbol.dispose]() {} };
    },
    drain() {},
    lost: () => [],
    close() {},
  };

  function walk(iterator: IteratorLink): void {
    const records = iterator.read();
    const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
    const decoder = decoderOf(object.btf!, typeIds[0] ?? 0);
    for (let at = 0; at + decoder.size <= records.length; at += decoder.size)
      take(decoder.decode(view, at, decoder.size));
  }
}

function iteratorsOf(object: BpfObject): readonly IteratorLink[] {
  return object.links.filter((link) => link instanceof IteratorLink);
}

/** Names of commands are in there, and whatever else traced programs choose. Tabs stand between columns. */
function safe(line: string): string {
  return line.split("\t").map(escapeText).join("\t");
}
