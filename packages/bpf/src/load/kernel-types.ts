import type { Btf } from "../btf/btf.ts";
import type { BtfKind } from "../btf/types.ts";
import { NotFoundError } from "../errors.ts";
import { EPERM, failedWith } from "../linux/errno.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";
import type { CoreTarget } from "../relocate/core/candidates.ts";

/** A type in the kernel's BTF; `module` undefined means vmlinux. */
export interface KernelType {
  readonly btf: Btf;
  readonly id: number;
  readonly module: { readonly name: string; readonly id: number } | undefined;
}

interface Module {
  readonly name: string;
  /** Of the kernel's BTF object. */
  readonly id: number;
  readonly btf: Btf;
}

/**
 * The types of the kernel and of its modules. Modules are read only when vmlinux lacks what is asked for: most loads never
 * look at them.
 */
export class KernelTypes {
  readonly #kernel: Kernel;
  #modules: readonly Module[] | undefined;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** What CO-RE relocates against; `override` stands for vmlinux, and then modules are left out. */
  coreTarget(override: Btf | undefined): CoreTarget {
    if (override !== undefined) return { kernel: override, modules: () => [] };
    return { kernel: this.#kernel.btf(), modules: () => this.#moduleTypes().map(({ btf }) => btf) };
  }

  /** Finds a type by exact name, in vmlinux first; `module` restricts the search to one. */
  find(name: string, kind: BtfKind, module?: string): KernelType | undefined {
    if (module === undefined || module === "vmlinux") {
      const btf = this.#kernel.btf();
      const id = btf.find(name, kind);
      if (id !== undefined) return { btf, id, module: undefined };
      if (module === "vmlinux") return undefined;
    }
    for (const candidate of this.#moduleTypes()) {
      if (module !== undefined && candidate.name !== module) continue;
      const id = candidate.btf.idsOf(name, kind).find((found) => found >= candidate.btf.startId);
      if (id !== undefined) return { btf: candidate.btf, id, module: candidate };
    }
    return undefined;
  }

  /** Whether a module of that name is loaded and has BTF that this process may read. */
  hasModule(name: string): boolean {
    return name === "vmlinux" || this.#moduleTypes().some((module) => module.name === name);
  }

  /**
   * All names of a kind in vmlinux, or in a module, that begin with a prefix, without it: to say what was probably meant. Slow.
   */
  *names(kind: BtfKind, prefix: string, module?: string): Generator<string> {
    const own = module === undefined ? undefined : this.#moduleTypes().find(({ name }) => name === module);
    const btf = own?.btf ?? this.#kernel.btf();
    for (let id = btf.startId; id < btf.endId; id++) {
      if (btf.kind(id) !== kind) continue;
      const name = btf.nameOf(id);
      if (name.startsWith(prefix)) yield name.slice(prefix.length);
    }
  }

  /** A descriptor of a module's BTF, for the kernel's ears. */
  open(module: { readonly id: number }): OwnedFd {
    return this.#kernel.bpf.fdById("btf", module.id);
  }

  #moduleTypes(): readonly Module[] {
    this.#modules ??= listModules(this.#kernel).flatMap(({ name, id }) => {
      const btf = readModule(this.#kernel, name);
      return btf === undefined ? [] : [{ name, id, btf }];
    });
    return this.#modules;
  }
}

/** Listing BTF objects wants CAP_SYS_ADMIN, which most programs do without: then the kernel itself has to do. */
function listModules(kernel: Kernel): ReturnType<Kernel["moduleBtfs"]> {
  try {
    return kernel.moduleBtfs();
  } catch (error) {
    if (failedWith(error, EPERM)) return [];
    throw error;
  }
}

/** Undefined for a module that was unloaded since it was listed. */
function readModule(kernel: Kernel, name: string): Btf | undefined {
  try {
    return kernel.moduleBtf(name);
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}
