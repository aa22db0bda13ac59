import type { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/types.ts";
import { malformedObject } from "./object-file.ts";
import type { FunctionKey, FunctionSpec } from "./object-spec.ts";

/** What `__exception_cb(name)` (bpf_experimental.h) tags a program with. @kernel 6.7 */
const TAG = "exception_callback:";

/**
 * Where the functions begin that take over when a program calls bpf_throw(): nothing calls them, a tag on the program names
 * them. By the FUNC id of the program.
 * @throws {MalformedError} when there is no such function
 */
export function readExceptionCallbacks(
  btf: Btf | undefined,
  subprograms: readonly FunctionSpec[],
): ReadonlyMap<number, FunctionKey> {
  const callbacks = new Map<number, FunctionKey>();
  if (btf === undefined) return callbacks;
  const globals = subprograms.filter(({ linkage }) => linkage !== "static");
  const byName = new Map(globals.map((callback) => [callback.name, callback]));
  for (let id = btf.startId; id < btf.endId; id++) {
    if (btf.kind(id) !== BtfKind.DeclTag || !btf.nameOf(id).startsWith(TAG)) continue;
    const tag = btf.type(id);
    if (tag.kind !== BtfKind.DeclTag) continue;
    const name = tag.name.slice(TAG.length);
    const callback = byName.get(name);
    if (callback === undefined) {
      throw malformedObject(
        `${btf.nameOf(tag.typeId)} throws to ${name}, which is no global function`,
        "Define it, without the word static and without SEC().",
      );
    }
    callbacks.set(tag.typeId, { section: callback.section, offset: callback.sectionOffset });
  }
  return callbacks;
}
