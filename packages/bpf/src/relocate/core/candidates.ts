import type { Btf } from "../../btf/btf.ts";
import { essentialName } from "../../btf/essential-name.ts";
import { RelocationError } from "../../errors.ts";
import { compatibleKinds } from "./field-compatibility.ts";

/** A type of the target that may be the one which the program means. */
export interface Candidate {
  readonly btf: Btf;
  readonly id: number;
}

/** Where types of the running kernel are looked up. */
export interface CoreTarget {
  /** vmlinux, or the BTF that the caller provides in its place. */
  readonly kernel: Btf;
  /** Loaded modules, split BTF on top of `kernel`. Called only when `kernel` lacks a type. */
  readonly modules: () => readonly Btf[];
}

/**
 * Finds, once per local type, all target types of the same essential name and kind: vmlinux first, modules only when it
 * has none. The lists shrink as relocations rule candidates out, so that two relocations of one type agree.
 */
export class CandidateCache {
  readonly #local: Btf;
  readonly #target: CoreTarget;
  readonly #found = new Map<number, readonly Candidate[]>();

  constructor(local: Btf, target: CoreTarget) {
    this.#local = local;
    this.#target = target;
  }

  of(typeId: number): readonly Candidate[] {
    const known = this.#found.get(typeId);
    if (known !== undefined) return known;
    const found = this.#search(typeId);
    this.#found.set(typeId, found);
    return found;
  }

  /** Keeps only the candidates that a relocation of this type matched. */
  narrow(typeId: number, matching: readonly Candidate[]): void {
    if (matching.length > 0) this.#found.set(typeId, matching);
  }

  #search(typeId: number): readonly Candidate[] {
    const name = essentialName(this.#local.nameOf(typeId));
    if (name === "") {
      throw new RelocationError(
        `type ${typeId} of the object is anonymous: it cannot be found in the kernel`,
        "give the type that CO-RE accesses a name",
      );
    }
    const inKernel = this.#among(this.#target.kernel, name, typeId);
    if (inKernel.length > 0) return inKernel;
    return this.#target.modules().flatMap((module) => this.#among(module, name, typeId));
  }

  #among(btf: Btf, name: string, typeId: number): Candidate[] {
    const ids = btf.idsOfEssentialName(name, ...compatibleKinds(this.#local.kind(typeId)));
    return ids.filter((id) => id >= btf.startId).map((id) => ({ btf, id }));
  }
}
