import { InvalidArgumentError, PermissionError, SyscallError, UnsupportedError } from "../errors.ts";
import { E2BIG, EINVAL, ENOMEM, EPERM, errnoText } from "../linux/errno.ts";
import type { Kernel } from "../linux/kernel.ts";
import { MEMCG_ACCOUNTING } from "../linux/kernel-version.ts";
import { BPF_MAP_TYPE_UNSPEC, mapTypeName } from "../spec/map-types.ts";
import type { MapSpec } from "../spec/object-spec.ts";
import type { MapShape } from "./map-shape.ts";

/** What a failed BPF_MAP_CREATE means: the map's numbers, and what to change. */
export function explainMapFailure(
  spec: Pick<MapSpec, "name" | "type" | "maxEntries">,
  shape: MapShape,
  error: SyscallError,
  kernel: Kernel,
): Error {
  const cause = { cause: error };
  const numbers = `key ${shape.keySize} bytes, value ${shape.valueSize} bytes, ${shape.maxEntries} entries, flags 0x${(shape.flags ?? 0).toString(16)}`;
  const what = `map ${spec.name} (${mapTypeName(spec.type)}, ${numbers})`;
  switch (error.errno) {
    case EPERM:
      if (kernel.version < MEMCG_ACCOUNTING) {
        return new PermissionError(
          `not allowed to create ${what}`,
          "run as root or with CAP_BPF; on kernels before 5.11 also raise the limit of locked memory: ulimit -l unlimited",
          cause,
        );
      }
      return new PermissionError(`not allowed to create ${what}`, "run as root, or with CAP_BPF", cause);
    case EINVAL:
      if (spec.type === BPF_MAP_TYPE_UNSPEC) {
        return new InvalidArgumentError(
          `${what} has no type`,
          "say which: __uint(type, BPF_MAP_TYPE_HASH)",
          cause,
        );
      }
      if (spec.maxEntries === 0 && shape.maxEntries === 0) {
        return new InvalidArgumentError(
          `${what} has no entries`,
          "set max_entries in the source, or before load",
          cause,
        );
      }
      return new UnsupportedError(
        `this kernel does not take ${what}`,
        "check the sizes; or the kernel is older than the map's type or flags",
        cause,
      );
    case E2BIG:
    case ENOMEM:
      return new SyscallError(
        error.call,
        error.errno,
        `no memory for ${what}`,
        "make the map smaller",
        cause,
      );
    default:
      return new SyscallError(
        error.call,
        error.errno,
        `cannot create ${what}: ${errnoText(error.errno)}`,
        "",
        cause,
      );
  }
}
