import { expect, it } from "vitest";
import { Btf } from "../../src/btf/btf.ts";
import { BtfKind } from "../../src/btf/types.ts";
import { EINVAL } from "../../src/linux/errno.ts";
import { HostKernel } from "../../src/linux/host-kernel.ts";
import { koffiNative } from "../../src/linux/koffi.ts";
import { ContextTypes, taggedContexts } from "../../src/load/context-arguments.ts";
import { featuresOf } from "../../src/load/features.ts";
import { open } from "../../src/object.ts";
import { compileFixture } from "../compile-fixture.ts";
import { withFault } from "../linux/with-fault.ts";

const bytes = compileFixture("load/contexts.bpf.c");
const names = ["filter", "classifier", "tracepoint", "sample"];

it("a function with a tagged context is one of programs of several types, on kernels that know the tag and on others", () => {
  using object = open(bytes).load();
  expect([...object.programs.keys()].sort()).toEqual([...names].sort());
});

it("the form for older kernels names the struct, and newer ones take it as well", () => {
  const kernel = new HostKernel(
    withFault(koffiNative(), { command: "BPF_BTF_LOAD", errno: EINVAL, times: 1 }),
  );
  expect(featuresOf(kernel).contextTag).toBe(false);
  using object = open(bytes).load({ kernel });
  expect([...object.programs.keys()].sort()).toEqual([...names].sort());
});

it("has a copy of each function for each struct, behind the types of the object", () => {
  const { btf, programs } = open(bytes).spec;
  const tagged = taggedContexts(btf!, new Set());
  const named = (id: number) => btf!.nameOf(id);
  expect([...tagged].map(([id, indexes]) => [named(id), ...indexes]).sort()).toEqual([
    ["length_of", 0],
    ["stack_of", 1],
  ]);
  const contexts = new ContextTypes(btf!, tagged);
  const [lengthOf] = [...tagged.keys()].filter((id) => named(id) === "length_of") as [number];
  const linked = { instructions: [], relocations: [], lineInfo: [], poisoned: [] };
  const [socket, classifier] = programs
    .filter(({ name }) => name === "filter" || name === "classifier")
    .map(({ type }) => contexts.apply(type, { ...linked, funcInfo: [{ insn: 7, typeId: lengthOf }] }));
  expect(socket!.funcInfo).toEqual(classifier!.funcInfo);
  expect(socket!.funcInfo[0]!.insn).toBe(7);
  const built = contexts.build();
  const copy = built.type(socket!.funcInfo[0]!.typeId);
  expect(copy).toMatchObject({ kind: BtfKind.Func, name: "length_of", linkage: "global" });
  expect(copy.id).toBeGreaterThanOrEqual(btf!.endId);
  const prototype = built.type("typeId" in copy ? copy.typeId : 0);
  const [context, more] = prototype.kind === BtfKind.FuncProto ? prototype.params : [];
  const pointer = built.type(context!.typeId);
  expect(built.nameOf("typeId" in pointer ? pointer.typeId : 0)).toBe("__sk_buff");
  expect(built.nameOf(more!.typeId)).toBe("int");
  expect(Btf.parse(built.bytes).endId).toBe(built.endId);
});
