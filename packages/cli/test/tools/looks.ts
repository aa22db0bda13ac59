import { expect } from "vitest";
import { SkepProcess } from "../skep-process.ts";

/** An entry of a map that is shown at intervals. */
export interface Look<Key, Value> {
  readonly key: Key;
  readonly value: Value;
  readonly unit?: string;
  readonly buckets?: readonly Bucket[];
  readonly percentiles?: readonly { readonly percent: number; readonly most: number }[];
}

export interface Bucket {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** Everything that a tool has seen while `work` happened, to the last look at its end. */
export async function looks<Key, Value>(
  args: readonly string[],
  work: (skep: SkepProcess) => Promise<void>,
): Promise<Look<Key, Value>[]> {
  await using skep = await new SkepProcess(["run", ...args, "--json"]).attached();
  await work(skep);
  const { code } = await skep.end();
  expect(code, skep.stderr).toBe(0);
  expect(skep.stderr).toMatch(/, 0 lost, /);
  return skep.events<Look<Key, Value>>();
}

/** What a member of all entries' values comes to. */
export function total<Value>(entries: readonly Look<unknown, Value>[], member: keyof Value): number {
  return entries.reduce((sum, { value }) => sum + Number(value[member]), 0);
}

/** How many values all the histograms have counted, of those from `low` on. */
export function counted(entries: readonly Look<unknown, unknown>[], low = 0): number {
  const buckets = entries.flatMap((entry) => entry.buckets ?? []).filter((bucket) => bucket.low >= low);
  return buckets.reduce((sum, { count }) => sum + count, 0);
}
