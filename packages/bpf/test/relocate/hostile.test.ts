import { describe, expect, it } from "vitest";
import { mutate, Random } from "../../../../test/mutate.ts";
import { Btf } from "../../src/btf/btf.ts";
import { BpfError } from "../../src/errors.ts";
import { CodeTable } from "../../src/relocate/code.ts";
import { CoreRelocator } from "../../src/relocate/core/relocate-core.ts";
import { linkSubprograms } from "../../src/relocate/link-subprograms.ts";
import { resolveReferences } from "../../src/relocate/resolve-references.ts";
import type { ObjectSpec } from "../../src/spec/object-spec.ts";
import { readSpec } from "../../src/spec/read-spec.ts";
import { compileFixture } from "../compile-fixture.ts";

const CASES = Number(process.env.SKEP_FUZZ_CASES ?? 2000);
const objects = ["core/local.bpf.c", "references.bpf.c"].map((path) => compileFixture(path));
const target = readSpec(compileFixture("core/target.bpf.c")).btf!;

function relocateAll(spec: ObjectSpec, local: Btf, kernel: Btf): void {
  for (const program of spec.programs) {
    const core = new CoreRelocator(local, { kernel, modules: () => [] });
    const table = new CodeTable([...spec.subprograms, ...spec.programs], core);
    const linked = linkSubprograms(table.of(program), table);
    resolveReferences(linked, {
      mapFd: () => undefined,
      mapIndex: () => 0,
      extern: () => ({ kind: "missing" }),
      externIndex: () => 0,
    });
  }
}

/** Every case must end in a result or in one of our own errors, and soon. */
function survive(seed: number, attempt: () => void): void {
  const start = performance.now();
  try {
    attempt();
  } catch (error) {
    if (!(error instanceof BpfError))
      throw new Error(`seed ${seed}: not one of our errors`, { cause: error });
  }
  expect(performance.now() - start, `seed ${seed} in ms`).toBeLessThan(5_000);
}

describe("relocating with forged types ends in a result or a typed error", () => {
  const specs = objects.map((bytes) => readSpec(bytes));

  it("when the object's BTF is damaged", () => {
    for (let seed = 1; seed <= CASES; seed++) {
      const random = new Random(seed);
      const spec = random.pick(specs);
      survive(seed, () => relocateAll(spec, Btf.parse(mutate(spec.btf!.bytes, random)), target));
    }
  });

  it("when the kernel's BTF is damaged", () => {
    for (let seed = 1; seed <= CASES; seed++) {
      const random = new Random(seed);
      const spec = random.pick(specs);
      survive(seed, () => relocateAll(spec, spec.btf!, Btf.parse(mutate(target.bytes, random))));
    }
  });

  it("when the object file is damaged", () => {
    for (let seed = 1; seed <= CASES; seed++) {
      const random = new Random(seed);
      survive(seed, () => {
        const spec = readSpec(mutate(random.pick(objects), random));
        if (spec.btf !== undefined) relocateAll(spec, spec.btf, target);
      });
    }
  });
});
