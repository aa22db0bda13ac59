import type { Btf } from "../btf/btf.ts";
import { essentialName } from "../btf/essential-name.ts";
import { BtfKind } from "../btf/types.ts";
import { MalformedError, NotFoundError, RelocationError, UnsupportedError } from "../errors.ts";
import type { OwnedFd } from "../linux/fd.ts";
import { typesAreCompatible } from "../relocate/core/type-compatibility.ts";
import type { DataSection, ExternSpec } from "../spec/object-spec.ts";
import type { Cleanup } from "./cleanup.ts";
import type { Features } from "./features.ts";
import { writeKconfigValue, writeNumber } from "./kconfig.ts";
import type { KernelType, KernelTypes } from "./kernel-types.ts";
import type { LoadPlan } from "./plan.ts";

/** What an extern means here; `.kconfig` variables get their place in a map later. */
export type ExternMeaning =
  | { readonly kind: "kconfig"; readonly offset: number }
  | { readonly kind: "address"; readonly address: bigint }
  | { readonly kind: "typed"; readonly id: number; readonly btfFd: number; readonly fdIndex: number }
  | { readonly kind: "missing" };

export interface Externs {
  readonly meanings: ReadonlyMap<string, ExternMeaning>;
  /** Contents of the `.kconfig` map. */
  readonly kconfig: Uint8Array | undefined;
  /** Module BTFs that kfunc calls refer to by index; slot 0 stands for vmlinux. */
  readonly fdArray: readonly number[];
}

/**
 * Gives every `extern` of an object its meaning on this kernel. A weak one may be missing, then it reads as zero.
 * @throws {NotFoundError} for a strong one that the kernel does not have
 */
export function resolveExterns(
  plan: LoadPlan,
  types: KernelTypes,
  features: Features,
  cleanup: Cleanup,
): Externs {
  const section = plan.maps.find((map) => map.spec.data?.section === ".kconfig")?.spec.data;
  const kconfig = section && new Uint8Array(section.initial.length);
  const modules = new ModuleDescriptors(types, cleanup);
  const meanings = new Map<string, ExternMeaning>();
  for (const extern of plan.object.externs) {
    meanings.set(extern.name, resolve(extern, plan, types, features, section, kconfig, modules));
  }
  return { meanings, kconfig, fdArray: modules.fdArray };
}

function resolve(
  extern: ExternSpec,
  plan: LoadPlan,
  types: KernelTypes,
  features: Features,
  section: DataSection | undefined,
  kconfig: Uint8Array | undefined,
  modules: ModuleDescriptors,
): ExternMeaning {
  if (extern.source === "kconfig") {
    const variable = section?.variables.find(({ name }) => name === extern.name);
    if (variable === undefined || kconfig === undefined) throw lost(extern);
    const place = new DataView(kconfig.buffer, kconfig.byteOffset + variable.offset, variable.size);
    writeKconfig(extern, variable.typeId, plan, features, place);
    return { kind: "kconfig", offset: variable.offset };
  }
  const btf = plan.object.btf;
  const typed = extern.source === "kfunc" || extern.typeId !== 0;
  if (typed && btf !== undefined) return resolveTyped(extern, btf, types, modules);
  return resolveAddress(extern, plan);
}

function writeKconfig(
  extern: ExternSpec,
  typeId: number,
  plan: LoadPlan,
  features: Features,
  place: DataView,
): void {
  const { name } = extern;
  const { btf } = plan.object;
  if (btf === undefined) throw lost(extern);
  const own = loaderValue(name, plan, features);
  if (own !== undefined) {
    writeNumber(btf.skipModifiers(typeId), name, own, place);
    return;
  }
  const text =
    plan.kconfig.get(name) ?? (name.startsWith("CONFIG_") ? plan.kernel.config?.get(name) : undefined);
  if (text !== undefined) {
    writeKconfigValue(btf, typeId, name, text, place);
    return;
  }
  if (extern.weak) return;
  if (plan.kernel.config === undefined) {
    throw new UnsupportedError(
      `the program needs kernel option ${name}, but this kernel does not tell its configuration`,
      "declare the variable __weak, pass `kconfig`, or provide /boot/config-$(uname -r)",
    );
  }
  throw new NotFoundError(
    `kernel option ${name} is not set on this kernel`,
    "declare the variable __weak if 0 will do",
  );
}

/** The values that no configuration file holds, by the names that libbpf gave them. */
function loaderValue(name: string, plan: LoadPlan, features: Features): bigint | undefined {
  switch (name) {
    case "LINUX_KERNEL_VERSION":
      return BigInt(plan.kernel.version);
    case "LINUX_HAS_BPF_COOKIE":
      return features.bpfCookie ? 1n : 0n;
    case "LINUX_HAS_SYSCALL_WRAPPER":
      return features.syscallWrapper ? 1n : 0n;
    default:
      return undefined;
  }
}

function resolveAddress(extern: ExternSpec, plan: LoadPlan): ExternMeaning {
  try {
    return { kind: "address", address: plan.kernel.symbolAddress(extern.name) };
  } catch (error) {
    if (extern.weak && error instanceof NotFoundError) return { kind: "missing" };
    throw error;
  }
}

function resolveTyped(
  extern: ExternSpec,
  local: Btf,
  types: KernelTypes,
  modules: ModuleDescriptors,
): ExternMeaning {
  const kind = extern.source === "kfunc" ? BtfKind.Func : BtfKind.Var;
  const found = lookUp(extern, kind, types);
  if (found === undefined) {
    if (extern.weak) return { kind: "missing" };
    const what = extern.source === "kfunc" ? "function" : "variable";
    throw new NotFoundError(
      `this kernel has no ${what} ${extern.name} that BPF programs may use`,
      `declare it __weak and test it with bpf_ksym_exists(${extern.name})`,
    );
  }
  if (
    !typesAreCompatible(local, typeBelow(local, extern.typeId), found.btf, typeBelow(found.btf, found.id))
  ) {
    // Kernels change functions: a program declares each form as a weak ___flavour and calls the one that exists.
    if (extern.weak && kind === BtfKind.Func) return { kind: "missing" };
    throw new RelocationError(
      `${extern.name} has another type in this kernel than in the program`,
      "declare it as the kernel does; of a function several forms may be declared __weak, under ___flavours of its name",
    );
  }
  return { kind: "typed", id: found.id, ...modules.of(found) };
}

/** A kernel without BTF has nothing that a weak extern could mean. */
function lookUp(extern: ExternSpec, kind: BtfKind, types: KernelTypes): KernelType | undefined {
  try {
    return types.find(essentialName(extern.name), kind);
  } catch (error) {
    if (extern.weak && error instanceof UnsupportedError) return undefined;
    throw error;
  }
}

/** The type of a variable without `const` and the like, the prototype of a function. */
function typeBelow(btf: Btf, id: number): number {
  const type = btf.type(id);
  return btf.skipModifiers(type.kind === BtfKind.Func || type.kind === BtfKind.Var ? type.typeId : id).id;
}

/** Opens each module's BTF once, and keeps the list which kfunc calls index. */
class ModuleDescriptors {
  readonly fdArray: number[] = [0];
  readonly #types: KernelTypes;
  readonly #cleanup: Cleanup;
  readonly #open = new Map<number, { readonly fd: OwnedFd; readonly index: number }>();

  constructor(types: KernelTypes, cleanup: Cleanup) {
    this.#types = types;
    this.#cleanup = cleanup;
  }

  of({ module }: KernelType): { btfFd: number; fdIndex: number } {
    if (module === undefined) return { btfFd: 0, fdIndex: 0 };
    let open = this.#open.get(module.id);
    if (open === undefined) {
      const fd = this.#cleanup.add(this.#types.open(module));
      open = { fd, index: this.fdArray.push(fd.raw) - 1 };
      this.#open.set(module.id, open);
    }
    return { btfFd: open.fd.raw, fdIndex: open.index };
  }
}

function lost(extern: ExternSpec): MalformedError {
  return new MalformedError(`extern ${extern.name} has no place in .kconfig`, "rebuild the object file");
}
