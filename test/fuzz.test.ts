import { readFileSync } from "node:fs";
import { BpfError } from "@skep/bpf";
import { readPackage } from "@skep/package";
import { describe, expect, it } from "vitest";
import { Btf } from "../packages/bpf/src/btf/btf.ts";
import { SHT_REL } from "../packages/bpf/src/elf/constants.ts";
import { readElf } from "../packages/bpf/src/elf/read-elf.ts";
import { readSpec } from "../packages/bpf/src/spec/read-spec.ts";
import { compileFixture } from "../packages/bpf/test/compile-fixture.ts";
import { embeddedObjects } from "../packages/bpf/test/embedded-objects.ts";
import { mutate, Random } from "./mutate.ts";

/** Cases per target; `SKEP_FUZZ_CASES=1000000 npx vitest run test/fuzz.test.ts` for a long run. */
const CASES = Number(process.env.SKEP_FUZZ_CASES ?? 26_000);
/** One case may take this long before it counts as a hang: far above the slowest honest one. */
const MAX_CASE_MS = 2_000;
const MAX_GROWTH_BYTES = 512 * 2 ** 20;

/** Feeds mutated seeds to `parse`: every case ends in a result or in one of our own errors. */
function fuzz(
  seeds: readonly Uint8Array[],
  parse: (bytes: Uint8Array) => void,
): { parsed: number; refused: number } {
  const counts = { parsed: 0, refused: 0 };
  const before = process.memoryUsage().rss;
  for (let seed = 1; seed <= CASES; seed++) {
    const random = new Random(seed);
    const bytes = mutate(random.pick(seeds), random);
    const start = performance.now();
    try {
      parse(bytes);
      counts.parsed++;
    } catch (error) {
      if (!(error instanceof BpfError))
        throw new Error(`seed ${seed}: not one of our errors`, { cause: error });
      counts.refused++;
    }
    const took = performance.now() - start;
    if (took > MAX_CASE_MS) throw new Error(`seed ${seed} took ${Math.round(took)} ms`);
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(MAX_GROWTH_BYTES);
  return counts;
}

function everyType(btf: Btf): void {
  for (let id = 1; id < btf.endId; id++) {
    const type = btf.type(id);
    btf.idsOf(type.name);
  }
}

describe("hostile input ends in a result or a typed error", () => {
  const small = [compileFixture("minimal.bpf.c"), compileFixture("codec.bpf.c")];
  const objects = [
    ...small,
    ...embeddedObjects()
      .map((object) => object.bytes)
      .filter((bytes) => bytes.length < 24_000),
  ];
  const packages = ["minimal", "exitsnoop", "execsnoop"].map(
    (tool) => new Uint8Array(readFileSync(new URL(`../tools/${tool}/package.json`, import.meta.url))),
  );

  it("as an ELF file", { timeout: 600_000 }, () => {
    const counts = fuzz(objects, (bytes) => {
      const elf = readElf(bytes);
      for (const section of elf.sections) elf.data(section);
      for (const table of elf.sections.filter((section) => section.type === SHT_REL)) elf.relocations(table);
      for (let i = 0; i < elf.symbols.length; i++) elf.symbols.at(i);
      elf.notes();
    });
    expect(counts.parsed).toBeGreaterThan(CASES / 20);
    expect(counts.refused).toBeGreaterThan(CASES / 20);
  });

  it("as BTF", { timeout: 600_000 }, () => {
    const sections = objects.flatMap((bytes) => {
      const elf = readElf(bytes);
      const section = elf.section(".BTF");
      return section === undefined ? [] : [elf.data(section)];
    });
    const counts = fuzz(sections, (bytes) => everyType(Btf.parse(bytes)));
    expect(counts.parsed).toBeGreaterThan(CASES / 20);
    expect(counts.refused).toBeGreaterThan(CASES / 20);
  });

  it("as an object to load", { timeout: 600_000 }, () => {
    const counts = fuzz(objects, (bytes) => void readSpec(bytes, { name: "fuzz" }));
    expect(counts.refused).toBeGreaterThan(CASES / 20);
  });

  it("as a package", { timeout: 600_000 }, () => {
    const counts = fuzz(packages, (bytes) => {
      const { object } = readPackage(bytes);
      readSpec(object, { name: "fuzz" });
    });
    expect(counts.refused).toBeGreaterThan(CASES / 20);
  });
});
