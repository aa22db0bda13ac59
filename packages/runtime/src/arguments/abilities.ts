import type { LinkKind, ObjectSpec } from "@skep/bpf";
import { isJsonObject, type PackageMeta } from "@skep/package";
import { eventSources } from "../events/event-types.ts";
import { readableMaps } from "../samples/asked-maps.ts";
import type { Filters } from "./filters.ts";

/**
 * What a package has for an option to act on; options that would have no effect are neither listed nor accepted. The words
 * say what is missing, to somebody who wanted it.
 */
export const ABILITIES = {
  pid: "declares no filter for processes",
  tid: "declares no filter for threads",
  comm: "declares no filter for the names of commands",
  uid: "declares no filter for users",
  cgroup: "declares no filter for cgroups, and attaches to none",
  binary: "has no uprobes and no USDT probes",
  function: "has no uprobe whose function could be chosen, or probes several functions that work together",
  usdt: "has no USDT probes",
  openProbes: "has no program that leaves open what it probes",
  interface: "attaches to no network interface",
  sampling: "samples nothing by a clock",
  sampledMaps: "has no map that is read at intervals",
  maps: "says itself what it shows, or has no map that could be looked at",
  stacks: "counts nothing by stack",
  ladders: "does everything in one way",
  twins: "has no programs that do the same in two ways",
} as const;
export type Ability = keyof typeof ABILITIES;

const UPROBES: readonly LinkKind[] = [
  "uprobe",
  "uretprobe",
  "uprobe.multi",
  "uretprobe.multi",
  "uprobe.session",
];
const KPROBES: readonly LinkKind[] = [
  "kprobe",
  "kretprobe",
  "kprobe.multi",
  "kretprobe.multi",
  "kprobe.session",
];
const INTERFACES: readonly LinkKind[] = ["xdp", "tc", "tcx", "netkit", "socket_filter"];

export function isUprobe(kind: LinkKind | undefined): boolean {
  return kind !== undefined && UPROBES.includes(kind);
}

export function isOnInterface(kind: LinkKind | undefined): boolean {
  return kind !== undefined && INTERFACES.includes(kind);
}

/** SEC("kprobe") or SEC("fentry"), without a function: the command line names it. */
export function isBareProbe({ definition, target }: ObjectSpec["programs"][number]): boolean {
  if (target !== undefined && target !== "") return false;
  const kind = definition?.link;
  return (
    kind !== undefined &&
    (KPROBES.includes(kind) || (kind === "tracing" && /^(?:fentry|fexit)/.test(definition?.pattern ?? "")))
  );
}

/** The function that SEC() of a uprobe names; empty when it names none. */
export function functionOf({ target = "" }: ObjectSpec["programs"][number]): string {
  const colon = target.lastIndexOf(":");
  return colon < 0 ? "" : target.slice(colon + 1);
}

/** A probe that somebody has to aim: SEC("uprobe"), SEC("usdt"), SEC("kprobe"). */
function isOpenProbe(program: ObjectSpec["programs"][number]): boolean {
  const { definition, target = "" } = program;
  if (isBareProbe(program)) return true;
  return target === "" && (isUprobe(definition?.link) || definition?.link === "usdt");
}

function probedFunctions({ programs }: ObjectSpec): ReadonlySet<string> {
  const named = programs.filter(({ definition }) => isUprobe(definition?.link)).map(functionOf);
  return new Set(named.filter((name) => name !== ""));
}

/** @param twins whether programs were found that do the same thing in two ways */
export function abilitiesOf(
  spec: ObjectSpec,
  meta: PackageMeta,
  filters: Filters,
  twins: boolean,
): ReadonlySet<Ability> {
  const kinds = new Set(spec.programs.map(({ definition }) => definition?.link));
  const uprobes = [...kinds].some(isUprobe);
  const usdt = kinds.has("usdt");
  const abilities = new Set<Ability>(filters.keys());
  const add = (ability: Ability, has: boolean) => void (has && abilities.add(ability));
  add("pid", uprobes || usdt || kinds.has("perf_event"));
  add("cgroup", kinds.has("cgroup"));
  add("binary", uprobes || usdt);
  // Probes of several functions work together: aiming all of them at one would make nonsense of it.
  add("function", (uprobes && probedFunctions(spec).size < 2) || spec.programs.some(isBareProbe));
  add("usdt", usdt);
  add("openProbes", spec.programs.some(isOpenProbe));
  add("interface", [...kinds].some(isOnInterface));
  add("sampling", kinds.has("perf_event"));
  const samples = meta.bpf_skel.maps.some(({ sample }) => sample !== undefined);
  const silent = !samples && eventSources(spec, meta).length === 0;
  const looks = silent && readableMaps(spec).length > 0;
  add("maps", looks);
  add("sampledMaps", samples || looks);
  add(
    "stacks",
    meta.bpf_skel.maps.some(({ sample }) => isJsonObject(sample) && sample.show === "stacks"),
  );
  add(
    "ladders",
    meta.bpf_skel.progs.some((program) => program["one-of"] !== undefined),
  );
  add("twins", twins);
  return abilities;
}
