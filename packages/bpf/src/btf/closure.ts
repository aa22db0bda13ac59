import type { Btf } from "./btf.ts";
import { eachTypeWord } from "./record.ts";

/**
 * The given types and everything they refer to, ascending, without void. `record` may stand in for the types'
 * own records, to follow less than they say.
 * @throws {MalformedError} for a reference to a type that does not exist
 */
export function closureOf(
  btf: Btf,
  roots: Iterable<number>,
  record: (id: number) => Uint32Array = (id) => btf.record(id),
): number[] {
  const seen = new Set<number>([0]);
  const pending: number[] = [];
  const reach = (id: number): void => {
    if (seen.has(id)) return;
    seen.add(id);
    pending.push(id);
  };
  for (const id of roots) reach(id);
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    const words = record(id);
    eachTypeWord(words, (at) => reach(words[at]!));
  }
  seen.delete(0);
  return [...seen].sort((a, b) => a - b);
}
