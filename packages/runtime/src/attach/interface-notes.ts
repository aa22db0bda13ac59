import { type AttachOptions, NotImplementedError } from "@skep/bpf";
import { isJsonObject, type Json, type JsonObject } from "@skep/package";

/** XDP_FLAGS_*_MODE, include/uapi/linux/if_link.h. */
const XDP_MODES = [
  [2, "generic"],
  [4, "native"],
  [8, "offload"],
] as const;

/** `@ifindex`, `@flags` and `@xdpopts` of eunomia's packages. `old_prog_fd` is of a process long gone. */
export function fromXdpFlags(note: JsonObject | undefined): AttachOptions {
  const flags = typeof note?.flags === "number" ? note.flags : 0;
  const mode = XDP_MODES.find(([bit]) => (flags & bit) !== 0)?.[1];
  return { ...interfaceOf(note), ...(mode === undefined ? {} : { xdpMode: mode }) };
}

/** `@tchook` and `@tcopts` of eunomia's packages. @throws {NotImplementedError} for BPF_TC_CUSTOM */
export function fromTcHook(note: JsonObject | undefined): AttachOptions {
  const hook = isJsonObject(note?.tchook) ? note.tchook : {};
  const direction = directionOf(hook.attach_point);
  return {
    ...interfaceOf(hook),
    ...(direction === undefined ? {} : { direction }),
    ...placeAmongFilters(note?.tcopts),
  };
}

function interfaceOf(note: JsonObject | undefined): AttachOptions {
  return typeof note?.ifindex === "number" ? { interface: note.ifindex } : {};
}

function directionOf(point: unknown): AttachOptions["direction"] {
  if (point === "BPF_TC_INGRESS") return "ingress";
  if (point === "BPF_TC_EGRESS") return "egress";
  if (point === undefined) return undefined;
  throw new NotImplementedError(
    `@tchook: attach_point ${String(point)} needs a qdisc of your own`,
    "use BPF_TC_INGRESS or BPF_TC_EGRESS",
  );
}

/** Handle and priority that the format has by default: nobody has asked for them. */
const DEFAULT_PLACE = 1;

/** A place of its own means a filter, which outlives a killed process; links do not, and are taken where nothing is lost by it. */
function placeAmongFilters(options: Json | undefined): Pick<AttachOptions, "filter"> {
  if (!isJsonObject(options)) return {};
  const number = (key: string) => (typeof options[key] === "number" ? options[key] : DEFAULT_PLACE);
  const [handle, priority] = [number("handle"), number("priority")];
  return handle === DEFAULT_PLACE && priority === DEFAULT_PLACE ? {} : { filter: { handle, priority } };
}
