import type { Btf } from "../btf/btf.ts";
import { textOfBytes } from "../codec/text.ts";
import { BpfError, SyscallError } from "../errors.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { ObjectSpec } from "../spec/object-spec.ts";
import type { Features } from "./features.ts";
import { btfForKernel } from "./object-btf.ts";
import type { LoadPlan } from "./plan.ts";

const LOG_SIZE = 1 << 16;

/**
 * Gives the kernel the object's BTF, or what was made of it. Programs and maps work without it, they only explain themselves less well, so a kernel
 * that refuses it gets none; undefined then.
 * @throws {BpfError} when the object cannot do without (struct_ops)
 */
export function loadBtf(plan: LoadPlan, btf: Btf | undefined, features: Features): OwnedFd | undefined {
  const { object } = plan;
  if (btf === undefined) return undefined;
  const mandatory = plan.maps.some(({ spec, create }) => create && spec.structOps !== undefined);
  if (!features.btf && !mandatory) return undefined;
  try {
    const kconfig = object.maps.find((map) => map.data?.section === ".kconfig")?.data;
    return submit(plan, btfForKernel(btf, features, { kconfig, hidden: hiddenFunctions(object) }));
  } catch (error) {
    if (mandatory || !(error instanceof BpfError)) throw error;
    plan.onWarning(
      `the kernel does not take the BTF of ${plan.object.name}, going on without: ${error.message}`,
    );
    return undefined;
  }
}

/** Functions that the compiler called global and the linker made static. */
export function hiddenFunctions({ subprograms }: ObjectSpec): ReadonlySet<number> {
  const hidden = subprograms.filter(({ linkage }) => linkage === "static");
  return new Set(
    hidden.flatMap(({ funcInfo }) => funcInfo.filter(({ insn }) => insn === 0).map(({ typeId }) => typeId)),
  );
}

function submit(plan: LoadPlan, bytes: Uint8Array): OwnedFd {
  try {
    return plan.kernel.bpf.btfLoad(bytes);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    const buffer = new Uint8Array(LOG_SIZE);
    try {
      return plan.kernel.bpf.btfLoad(bytes, { buffer, level: 1 });
    } catch {
      const last = textOfBytes(buffer).trimEnd().split("\n").at(-1);
      const { call, errno, next } = error;
      throw new SyscallError(call, errno, last ? `${error.message}: ${last}` : error.message, next, {
        cause: error,
      });
    }
  }
}
