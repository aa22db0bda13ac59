import { hostKernel, readClock } from "@skep/bpf";
import { integerOf } from "../formats/numbers.ts";
import { entryRecord } from "./entry-kind.ts";
import type { Entry } from "./map-reader.ts";
import type { SampledMap } from "./sampled-maps.ts";
import { follow } from "./stack-members.ts";

/** The entries that are there for as long as the command line wants: `since` and `older` of a sample. */
export function aged(
  entries: readonly Entry[],
  { since, older }: Pick<SampledMap, "since" | "older">,
): readonly Entry[] {
  if (since === undefined || older === 0n) return entries;
  // bpf_ktime_get_ns() is the monotonic clock.
  const latest = readClock(hostKernel().native, "monotonic") - older;
  return entries.filter((entry) => {
    const record = entryRecord(entry);
    const time = follow(record, ["value", since]) ?? follow(record, ["key", since]);
    return time === undefined || BigInt(integerOf(time) ?? 0) <= latest;
  });
}
