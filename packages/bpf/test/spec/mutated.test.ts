import { describe, expect, it } from "vitest";
import { definedFunctions } from "../../src/elf/function-symbols.ts";
import { readElf } from "../../src/elf/read-elf.ts";
import { stripDebug } from "../../src/elf/write.ts";
import { BpfError } from "../../src/errors.ts";
import { readSpec } from "../../src/spec/read-spec.ts";
import { compileFixture } from "../compile-fixture.ts";

/** SKEP_FUZZ=100000 for a long run. */
const rounds = Number(process.env.SKEP_FUZZ ?? 1500);
const fixtures = ["minimal", "references", "map-declarations", "struct-ops", "statics"];
const telling = [0, 1, 7, 8, 0x7f, 0xff, 0xff00, 0xffff, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff];

/** Deterministic numbers (mulberry32), so that a failure can be repeated by its round. */
function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** A few wrong bytes, a few telling words, or an early end. Half of the changes hit the headers and tables at the end. */
function mutate(original: Uint8Array, seed: number): Uint8Array {
  const random = numbers(seed);
  const bytes = original.slice(0, random(8) === 0 ? random(original.length) : original.length);
  const view = new DataView(bytes.buffer);
  for (let left = 1 + random(6); left > 0 && bytes.length >= 16; left--) {
    const tail = random(2) === 0 ? Math.min(bytes.length, 64 * 24) : bytes.length;
    const at = bytes.length - 8 - random(tail - 8);
    if (random(2) === 0) bytes[at] = random(256);
    else view.setUint32(at & ~3, telling[random(telling.length)]!, true);
  }
  return bytes;
}

function outcome(work: () => unknown): string {
  try {
    work();
    return "read";
  } catch (error) {
    if (error instanceof BpfError) return error.code;
    throw error;
  }
}

describe("mutated objects", () => {
  it.each(fixtures)("are read or refused with an error of this library: %s", (name) => {
    const original = stripDebug(compileFixture(`${name}.bpf.c`));
    const seen = new Set<string>();
    for (let round = 0; round < rounds; round++) {
      const bytes = mutate(original, round);
      try {
        seen.add(outcome(() => readSpec(bytes)));
        seen.add(outcome(() => stripDebug(bytes)));
        seen.add(
          outcome(() => {
            const elf = readElf(bytes);
            return [definedFunctions(elf), elf.notes()];
          }),
        );
      } catch (cause) {
        throw new Error(`round ${round} of ${name}`, { cause });
      }
    }
    expect(seen).toContain("read");
    expect(seen).toContain("ERR_BPF_MALFORMED");
  });
});
