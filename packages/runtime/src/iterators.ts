import { type BpfObject, IteratorLink } from "@skep/bpf";
import { escapeText } from "./escape.ts";

/**
 * Lets the iterators among the programs walk once. All others are attached by then, so that nothing comes between what they
 * find there and what happens from now on.
 * @param print takes what they write with BPF_SEQ_PRINTF(), line by line
 * @returns whether there is nothing but iterators, so that there is nothing to wait for
 */
export function walkOnce(object: BpfObject, print: (line: string) => void): boolean {
  const iterators = object.links.filter((link) => link instanceof IteratorLink);
  for (const iterator of iterators) {
    const text = iterator.text();
    if (text !== "") for (const line of text.replace(/\n$/, "").split("\n")) print(safe(line));
  }
  return iterators.length > 0 && iterators.length === object.links.length;
}

/** Names of commands are in there, and whatever else traced programs choose. Tabs stand between columns. */
function safe(line: string): string {
  return line.split("\t").map(escapeText).join("\t");
}
