import { describe, expect, it } from "vitest";
import { Btf } from "../../src/btf/btf.ts";
import { BtfKind } from "../../src/btf/types.ts";
import { hostKernel } from "../../src/linux/kernel.ts";
import { type BtfFeatures, btfForKernel } from "../../src/load/object-btf.ts";
import { readSpec } from "../../src/spec/read-spec.ts";
import { compileFixture } from "../compile-fixture.ts";
import { embeddedObjects } from "../embedded-objects.ts";

const modern: BtfFeatures = {
  btfFunc: true,
  btfGlobalFunc: true,
  btfDatasec: true,
  btfFloat: true,
  btfDeclTag: true,
  btfTypeTag: true,
  btfEnum64: true,
  btfQuestionMark: true,
};
const objects = [
  ...["references.bpf.c", "maps.bpf.c", "codec.bpf.c", "load/parts.bpf.c", "load/optional-ops.bpf.c"].map(
    (tool) => ({
      tool,
      bytes: compileFixture(tool),
    }),
  ),
  ...embeddedObjects().filter((_, index) => index % 6 === 0),
];

/** Kinds that each missing feature must leave none of. */
const GONE: Readonly<Partial<Record<keyof BtfFeatures, readonly BtfKind[]>>> = {
  btfDatasec: [BtfKind.Datasec, BtfKind.Var],
  btfFloat: [BtfKind.Float],
  btfDeclTag: [BtfKind.DeclTag],
  btfTypeTag: [BtfKind.TypeTag],
  btfEnum64: [BtfKind.Enum64],
};

function sectionNames(btf: Btf): string {
  const ids = Array.from({ length: btf.endId }, (_, id) => id);
  return ids
    .filter((id) => btf.kind(id) === BtfKind.Datasec)
    .map((id) => btf.nameOf(id))
    .join();
}

describe("an object's BTF in the form of an older kernel", () => {
  it.each(objects.map(({ tool, bytes }) => [tool, bytes] as const))("is accepted: %s", (_, bytes) => {
    const spec = readSpec(bytes);
    const kconfig = spec.maps.find((map) => map.data?.section === ".kconfig")?.data;
    for (const feature of ["none", ...Object.keys(modern)] as const) {
      const features = { ...modern, [feature]: false };
      const rewritten = btfForKernel(spec.btf!, features, { kconfig, hidden: new Set() });
      const btf = Btf.parse(rewritten);
      expect(btf.endId).toBeGreaterThanOrEqual(spec.btf!.endId);
      for (const kind of GONE[feature as keyof BtfFeatures] ?? []) {
        for (let id = 1; id < btf.endId; id++) expect(btf.kind(id)).not.toBe(kind);
      }
      if (feature === "btfQuestionMark") expect(sectionNames(btf)).not.toContain("?");
      // Names of prototypes' parameters are not needed by any kernel that knows functions.
      if (feature !== "btfFunc") hostKernel().bpf.btfLoad(rewritten).close();
    }
  });
});
