import type { Btf } from "../btf/btf.ts";
import { HOST_IS_LITTLE_ENDIAN } from "../btf/host-order.ts";
import { InvalidArgumentError, PermissionError, SyscallError, UnsupportedError } from "../errors.ts";
import { missingCapabilities } from "../linux/capabilities.ts";
import type { OwnedFd } from "../linux/fd.ts";
import { suggestion } from "../near-names.ts";
import { CodeTable, type LinkedProgram } from "../relocate/code.ts";
import { CoreRelocator } from "../relocate/core/relocate-core.ts";
import { linkSubprograms } from "../relocate/link-subprograms.ts";
import { useOlderProbeRead, usesNewProbeRead } from "../relocate/older-helpers.ts";
import { type References, resolveReferences } from "../relocate/resolve-references.ts";
import { BPF_MAP_TYPE_PROG_ARRAY } from "../spec/map-types.ts";
import { BPF_PROG_TYPE_STRUCT_OPS, BPF_PROG_TYPE_UNSPEC } from "../spec/program-types.ts";
import { SECTIONS } from "../spec/sections.ts";
import { type AttachTarget, findAttachTarget } from "./attach-target.ts";
import { Cleanup } from "./cleanup.ts";
import { ContextTypes, taggedContexts } from "./context-arguments.ts";
import { createMaps, type LoadedMap, u32 } from "./create-maps.ts";
import { type Externs, resolveExterns } from "./externs.ts";
import { type Features, featuresOf } from "./features.ts";
import { KernelTypes } from "./kernel-types.ts";
import { hiddenFunctions, loadBtf } from "./load-btf.ts";
import { loadAttributes, submitProgram } from "./load-program.ts";
import type { LoadPlan, ProgramPlan } from "./plan.ts";
import type { LoadedProgram } from "./program.ts";
import { type KernelStructOps, prepareStructOps, structOpsPrograms } from "./struct-ops.ts";
import { explainRefusal } from "./verifier-error.ts";

/** What is in the kernel after a load. Whoever asked for it owns the descriptors. */
export interface LoadedObject {
  readonly programs: readonly LoadedProgram[];
  readonly maps: ReadonlyMap<string, LoadedMap>;
  /** Values of struct_ops maps, ready to be written when they are attached. */
  readonly structOps: ReadonlyMap<string, Uint8Array>;
}

/** What the steps share. `temporary` is closed when the load is over, `kept` only when it fails. */
interface Load {
  readonly plan: LoadPlan;
  readonly features: Features;
  readonly types: KernelTypes;
  readonly temporary: Cleanup;
  readonly kept: Cleanup;
}

/**
 * Brings an object into the kernel, in libbpf's order: types, externs, BTF, maps, relocation, programs, slots.
 * A load that fails leaves nothing behind.
 * @throws {BpfError} that names the program or map, and what to do
 */
export function loadObject(plan: LoadPlan): LoadedObject {
  checkByteOrder(plan);
  checkTypes(plan);
  using temporary = new Cleanup();
  using kept = new Cleanup();
  const features = featuresOf(plan.kernel);
  const load: Load = { plan, features, types: new KernelTypes(plan.kernel), temporary, kept };
  checkPermission(plan, features);
  const externs = resolveExterns(plan, load.types, features, temporary);
  const structOps = prepareStructOps(plan, load.types);
  const { types, linked } = nameContexts(load, linkPrograms(load));
  const btf = loadBtf(plan, types, features);
  if (btf !== undefined) temporary.add(btf);
  const maps = createMaps({ plan, features, btf, kconfig: externs.kconfig, structOps, cleanup: kept });
  const programs = loadPrograms(load, linked, references(plan, maps, externs), btf, externs, structOps);
  bindReadOnlyData(load, programs, maps);
  fillProgramSlots(plan, programs, maps);
  kept.keep();
  return { programs, maps, structOps: structOpsValues(structOps, programs) };
}

function checkByteOrder({ object }: LoadPlan): void {
  if (object.littleEndian === HOST_IS_LITTLE_ENDIAN) return;
  throw new UnsupportedError(
    `${object.name} is built for machines of the other byte order`,
    `build it with -target ${HOST_IS_LITTLE_ENDIAN ? "bpfel" : "bpfeb"}`,
  );
}

/** A SEC() name that nobody knows gives no type, and the kernel would say no more than EINVAL. */
function checkTypes({ programs }: LoadPlan): void {
  for (const { spec, load } of programs) {
    if (!load || spec.type !== BPF_PROG_TYPE_UNSPEC) continue;
    const name = spec.section.replace(/^\?/, "");
    const known = SECTIONS.map(({ pattern }) => pattern.replace(/\+$/, ""));
    const otherwise = `use a SEC() name that says it, such as "tracepoint/…", or set the program's type before load`;
    throw new InvalidArgumentError(
      `program ${spec.name} has no type: SEC("${spec.section}") is not a known name`,
      suggestion(name, known, suggestion(name.replace(/\/.*/, ""), known, otherwise)),
    );
  }
}

/** The first probe says whether this process may use bpf(2) at all: better told now, and once. */
function checkPermission({ object }: LoadPlan, features: Features): void {
  try {
    void features.programName;
  } catch (error) {
    const missing = missingCapabilities();
    if (!(error instanceof PermissionError) || missing.length === 0) throw error;
    throw new PermissionError(
      `not allowed to load ${object.name}: this process lacks ${missing.join(" and ")}`,
      "run as root (sudo), or grant the capabilities (setcap, systemd AmbientCapabilities)",
      { cause: error },
    );
  }
}

/** CO-RE and linking: pure work, done before anything is created. */
function linkPrograms({ plan, types }: Load): Map<ProgramPlan, LinkedProgram> {
  const { object } = plan;
  const members = structOpsPrograms(plan);
  const wanted = plan.programs.filter(({ spec, load }) => members.get(spec.name) ?? load);
  const functions = [...object.subprograms, ...plan.programs.map(({ spec }) => spec)];
  const needsCore = [...object.subprograms, ...wanted.map(({ spec }) => spec)].some(
    ({ coreRelocations }) => coreRelocations.length > 0,
  );
  const core =
    needsCore && object.btf !== undefined
      ? new CoreRelocator(object.btf, types.coreTarget(plan.kernelTypes))
      : undefined;
  const table = new CodeTable(functions, core);
  return new Map(
    wanted.map((program) => {
      const { spec } = program;
      return [program, linkSubprograms(table.of(spec), table, spec.exceptionCallback)];
    }),
  );
}

/** Tells kernels before 6.8 in their own words which arguments of global functions are the program's context. */
function nameContexts(
  { plan, features }: Load,
  linked: ReadonlyMap<ProgramPlan, LinkedProgram>,
): { readonly types: Btf | undefined; readonly linked: ReadonlyMap<ProgramPlan, LinkedProgram> } {
  const types = plan.object.btf;
  if (types === undefined) return { types, linked };
  const tagged = taggedContexts(types, hiddenFunctions(plan.object));
  if (tagged.size === 0 || features.contextTag) return { types, linked };
  const contexts = new ContextTypes(types, tagged);
  const renamed = [...linked].map(
    ([program, code]) => [program, contexts.apply(program.spec.type, code)] as const,
  );
  return { types: contexts.build(), linked: new Map(renamed) };
}

function references(plan: LoadPlan, maps: ReadonlyMap<string, LoadedMap>, externs: Externs): References {
  const kconfig = plan.maps.find((map) => map.spec.data?.section === ".kconfig")?.spec.name;
  const mapFd = (name: string) => maps.get(name)?.fd.raw;
  return {
    mapFd,
    mapIndex: (name) => plan.object.maps.findIndex((map) => map.name === name),
    externIndex: (name) => plan.object.externs.findIndex((extern) => extern.name === name),
    extern(name) {
      const meaning = externs.meanings.get(name) ?? { kind: "missing" };
      if (meaning.kind !== "kconfig") return meaning;
      const fd = kconfig === undefined ? undefined : mapFd(kconfig);
      return fd === undefined ? { kind: "missing" } : { kind: "kconfig", mapFd: fd, offset: meaning.offset };
    },
  };
}

function loadPrograms(
  load: Load,
  linked: ReadonlyMap<ProgramPlan, LinkedProgram>,
  references: References,
  btf: OwnedFd | undefined,
  externs: Externs,
  structOps: ReadonlyMap<string, KernelStructOps>,
): LoadedProgram[] {
  const { plan, features, types, temporary, kept } = load;
  return [...linked].map(([program, code]) => {
    const missing = resolveReferences(code, references);
    if (usesNewProbeRead(code.instructions) && !features.probeReadKernel)
      useOlderProbeRead(code.instructions);
    const target =
      structOpsTarget(program, structOps) ?? findAttachTarget(program, plan.kernel, types, temporary);
    const attr = {
      ...loadAttributes(plan, program, code, features, btf, target),
      ...(externs.fdArray.length > 1 ? { fdArray: externs.fdArray } : {}),
    };
    const result = submitProgram(plan.kernel, attr, plan.logLevel);
    if ("error" in result) {
      throw explainRefusal({ plan, spec: program.spec, linked: code, missing, refusal: result });
    }
    const { spec } = program;
    const { name, type } = spec;
    return {
      name,
      spec,
      type,
      attachType: attr.expectedAttachType,
      fd: kept.add(result.fd),
      kernel: plan.kernel,
      verifierLog: result.log,
    };
  });
}

/** A struct_ops program is told by the struct and member that it implements. */
function structOpsTarget(
  { spec }: ProgramPlan,
  structOps: ReadonlyMap<string, KernelStructOps>,
): (AttachTarget & { expectedAttachType: number }) | undefined {
  if (spec.type !== BPF_PROG_TYPE_STRUCT_OPS) return undefined;
  for (const { members } of structOps.values()) {
    const member = members.find(({ program }) => program === spec.name);
    if (member !== undefined) return { attachBtfId: member.typeId, expectedAttachType: member.index };
  }
  throw new InvalidArgumentError(
    `program ${spec.name} (SEC("${spec.section}")) implements no member of any struct that is loaded`,
    'set a member to it in a struct in SEC(".struct_ops") or SEC(".struct_ops.link"), or do not load it',
  );
}

function structOpsValues(
  structOps: ReadonlyMap<string, KernelStructOps>,
  programs: readonly LoadedProgram[],
): Map<string, Uint8Array> {
  const values = new Map<string, Uint8Array>();
  for (const [name, { image, members }] of structOps) {
    const view = new DataView(image.buffer, image.byteOffset, image.length);
    for (const { program, offset } of members) {
      const loaded = programs.find((candidate) => candidate.name === program);
      if (loaded !== undefined) view.setBigUint64(offset, BigInt(loaded.fd.raw), true);
    }
    values.set(name, image);
  }
  return values;
}

/** Keeps constants alive that no instruction mentions, for tools that look at a program from outside. */
function bindReadOnlyData(
  { plan, features }: Load,
  programs: readonly LoadedProgram[],
  maps: ReadonlyMap<string, LoadedMap>,
): void {
  const constants = [...maps.values()].filter(
    ({ spec }) => spec.data?.readOnly && spec.data.section !== ".kconfig",
  );
  if (constants.length === 0 || programs.length === 0 || !features.progBindMap) return;
  for (const program of programs) {
    for (const { spec, fd } of constants) {
      try {
        plan.kernel.bpf.progBindMap(program.fd, fd);
      } catch (error) {
        if (!(error instanceof SyscallError)) throw error;
        plan.onWarning(`cannot bind ${spec.name} to program ${program.name}: ${error.message}`);
      }
    }
  }
}

/** Static contents of `BPF_MAP_TYPE_PROG_ARRAY`. A slot whose program is not loaded stays empty: the tail call falls through. */
function fillProgramSlots(
  plan: LoadPlan,
  programs: readonly LoadedProgram[],
  maps: ReadonlyMap<string, LoadedMap>,
): void {
  for (const { spec, fd } of maps.values()) {
    if (spec.type !== BPF_MAP_TYPE_PROG_ARRAY) continue;
    for (const slot of spec.slots) {
      const program = slot.kind === "program" && programs.find(({ name }) => name === slot.name);
      if (program) plan.kernel.bpf.mapUpdate(fd, u32(slot.index), u32(program.fd.raw));
    }
  }
}
