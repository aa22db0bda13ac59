import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Btf } from "../../src/btf/btf.ts";
import { BtfKind } from "../../src/btf/types.ts";
import { BpfError } from "../../src/errors.ts";
import { CoreKind } from "../../src/relocate/core/kinds.ts";
import { pruneKernelBtf } from "../../src/relocate/core/prune-kernel.ts";
import { CoreRelocator } from "../../src/relocate/core/relocate-core.ts";
import type { ObjectSpec } from "../../src/spec/object-spec.ts";
import { readSpec } from "../../src/spec/read-spec.ts";
import { compileFixture } from "../compile-fixture.ts";
import { embeddedObjects } from "../embedded-objects.ts";

/** Every function's instructions after relocation, or why there are none. Ids of kernel types are another matter. */
function relocated(object: ObjectSpec, kernel: Btf): unknown[] {
  const core = new CoreRelocator(object.btf!, { kernel, modules: () => [] });
  return [...object.programs, ...object.subprograms].map((spec) => {
    const { name, instructions, coreRelocations } = spec;
    const code = instructions.map((insn) => ({ ...insn }));
    const asked = coreRelocations.filter(({ kind }) => kind !== CoreKind.TypeIdTarget);
    try {
      return { name, poisoned: core.relocate(spec, code, asked), code };
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      return { name, error: error.message.replace(/BTF ids \d+ and \d+/, "BTF ids") };
    }
  });
}

describe("a kernel's BTF cut down to the needs of an object", () => {
  const local = readSpec(compileFixture("core/local.bpf.c"));
  const target = readSpec(compileFixture("core/target.bpf.c")).btf!;

  it("gives the same instructions as the whole, for every kind of relocation", () => {
    const pruned = Btf.parse(pruneKernelBtf(local, target).bytes);
    expect(pruned.endId).toBeLessThan(target.endId);
    expect(relocated(local, pruned)).toEqual(relocated(local, target));
  });

  it("has the same effect when pruned again", () => {
    const once = pruneKernelBtf(local, target).bytes;
    expect(pruneKernelBtf(local, Btf.parse(once)).bytes).toEqual(once);
  });

  it("keeps nothing for an object that asks for nothing", () => {
    const silent = { ...local, programs: [], subprograms: [] };
    expect(Btf.parse(pruneKernelBtf(silent, target).bytes).endId).toBe(1);
  });

  const vmlinux = "/sys/kernel/btf/vmlinux";
  const objects = embeddedObjects();
  it.skipIf(!existsSync(vmlinux) || objects.length === 0)(
    "gives the same instructions for the objects of libbpf-tools on this kernel, from a hundredth of its size",
    () => {
      const bytes = readFileSync(vmlinux);
      const kernel = Btf.parse(bytes);
      for (const object of objects) {
        const spec = readSpec(object.bytes);
        if (spec.btf === undefined) continue;
        const pruned = pruneKernelBtf(spec, kernel).bytes;
        expect(relocated(spec, Btf.parse(pruned)), object.tool).toEqual(relocated(spec, kernel));
        expect(pruned.length, object.tool).toBeLessThan(bytes.length / 100);
      }
    },
  );

  it("keeps only the members that are accessed, and of pointers that they are pointers", () => {
    const accesses = local.programs.find(({ name }) => name === "load_pointer")!;
    const pruned = Btf.parse(
      pruneKernelBtf({ ...local, programs: [accesses], subprograms: [] }, target).bytes,
    );
    const types = Array.from({ length: pruned.endId - 1 }, (_, index) => pruned.type(index + 1));
    const structs = types.flatMap((type) => (type.kind === BtfKind.Struct ? [type] : []));
    expect(structs.map(({ members }) => members.length)).toEqual([1]);
    expect(structs[0]?.size).toBe(target.sizeOf(target.find(structs[0]!.name, BtfKind.Struct)!));
    const pointers = types.flatMap((type) => (type.kind === BtfKind.Ptr ? [type] : []));
    expect(pointers.map(({ typeId }) => typeId)).toEqual([0]);
  });
});
