import { existsSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { BPF_MAP_TYPE_CGROUP_ARRAY, type MapSpec, type ObjectSpec } from "@skep/bpf";
import { cgroupRoot } from "../attach/cgroup-root.ts";
import { UsageError } from "../usage-error.ts";
import { userId } from "./flag-formats.ts";
import { type FlagValue, parseFlagValue } from "./flag-value.ts";
import type { Flag, VariableNotes } from "./flags.ts";
import type { OwnValues } from "./own-options.ts";

/** What a program can be told to look at alone. */
const FILTERS = ["pid", "tid", "comm", "uid", "cgroup"] as const;
export type FilterName = (typeof FILTERS)[number];

/** How a program takes a filter. */
export interface Filter {
  /** The variable that holds it. */
  readonly flag?: Flag;
  /** For cgroups: a map of the kind that bpf_current_task_under_cgroup() asks. */
  readonly cgroupArray?: string;
  /** A bool global that turns the filter on. */
  readonly enabledBy?: string;
}

export type Filters = ReadonlyMap<FilterName, Filter>;

/**
 * The usual names of such variables: `target_pid`, `targ_pid`, `filter_pid`, and the other way round. To the kernel a thread
 * has a pid and a process a tgid: a program with both filters means so.
 */
function usualNames(...words: readonly string[]): RegExp {
  const word = `(?:${words.join("|")})`;
  return new RegExp(`^(?:(?:target|targ|filter)_${word}|${word}_(?:target|targ|filter))$`);
}

const USUAL = {
  tgid: usualNames("tgid"),
  pid: usualNames("pid"),
  tid: usualNames("tid"),
  comm: usualNames("comm"),
  uid: usualNames("uid"),
  cgroup: usualNames("cgroup", "cgroup_id", "cgid", "cg"),
};
const USUAL_SWITCH = /^(?:filter_(?:by_)?(?:cgroup|cgid|cg|memcg)|(?:cgroup|cg)_filter)$/;

/** The filters that a program declares, by `@filter` or by the name of a variable. */
export function filtersOf(
  spec: ObjectSpec,
  settable: readonly Flag[],
  notes: ReadonlyMap<string, VariableNotes>,
): Filters {
  const globals = settable.filter(({ live }) => live);
  const filters = new Map<FilterName, Filter>();
  const usual = (pattern: RegExp) =>
    globals.find(({ variable, shape }) => pattern.test(variable) && shape.kind !== "bool");
  const add = (name: FilterName, flag: Flag | undefined) => {
    const declared = globals.find(({ variable }) => notes.get(variable)?.filter === name);
    const chosen = declared ?? flag;
    if (chosen !== undefined) filters.set(name, { flag: chosen });
  };
  const process = usual(USUAL.tgid);
  add("pid", process ?? usual(USUAL.pid));
  add("tid", usual(USUAL.tid) ?? (process === undefined ? undefined : usual(USUAL.pid)));
  add("comm", usual(USUAL.comm));
  add("uid", usual(USUAL.uid));
  add("cgroup", usual(USUAL.cgroup));
  const cgroup = cgroupFilter(spec, globals, filters.get("cgroup"));
  if (cgroup !== undefined) filters.set("cgroup", cgroup);
  return filters;
}

function cgroupFilter(
  spec: ObjectSpec,
  globals: readonly Flag[],
  byVariable: Filter | undefined,
): Filter | undefined {
  const array = spec.maps.find(({ type }: MapSpec) => type === BPF_MAP_TYPE_CGROUP_ARRAY);
  if (byVariable === undefined && array === undefined) return undefined;
  const enabledBy = globals.find(
    ({ variable, shape }) => shape.kind === "bool" && USUAL_SWITCH.test(variable),
  )?.variable;
  const place = byVariable ?? { cgroupArray: array!.name };
  return enabledBy === undefined ? place : { ...place, enabledBy };
}

/** What the given filters come to. */
export interface FilterSettings {
  /** Variable → value. */
  readonly variables: ReadonlyMap<string, FlagValue>;
  /** Map → directory. */
  readonly cgroups: ReadonlyMap<string, string>;
}

/** @throws {UsageError} for what is no process, user or cgroup */
export function filterSettings(filters: Filters, own: OwnValues): FilterSettings {
  const variables = new Map<string, FlagValue>();
  const cgroups = new Map<string, string>();
  for (const name of FILTERS) {
    const text = own.get(name);
    const filter = filters.get(name);
    if (text === undefined || filter === undefined) continue;
    if (filter.enabledBy !== undefined) variables.set(filter.enabledBy, true);
    if (filter.cgroupArray !== undefined) cgroups.set(filter.cgroupArray, cgroupDirectory(text));
    if (filter.flag !== undefined) variables.set(filter.flag.variable, filterValue(name, filter.flag, text));
  }
  return { variables, cgroups };
}

function filterValue(name: FilterName, flag: Flag, text: string): FlagValue {
  const plain = { ...flag, name, format: undefined };
  if (name === "uid") return parseFlagValue(plain, String(userIdOf(text)));
  if (name === "cgroup" && flag.shape.kind === "integer" && !/^\d+$/.test(text))
    return parseFlagValue(plain, String(cgroupId(text)));
  return parseFlagValue(plain, text);
}

/** @throws {UsageError} for a name that no user has */
function userIdOf(text: string): bigint | string {
  const id = userId(text);
  if (id === undefined && /^[a-z_]/i.test(text))
    throw new UsageError(
      `--uid: there is no user ${text}`,
      "give the name of a user (getent passwd), or the id",
    );
  return id ?? text;
}

/** A directory of the cgroup v2 hierarchy: a path, or a path below its root. @throws {UsageError} */
export function cgroupDirectory(text: string): string {
  const candidates = isAbsolute(text) ? [text, join(cgroupRoot(), text)] : [join(cgroupRoot(), text)];
  const found = candidates.find(isDirectory);
  if (found !== undefined) return found;
  throw new UsageError(
    `--cgroup: there is no cgroup ${text}`,
    `give a directory below ${cgroupRoot()}, such as ${cgroupRoot()}/system.slice`,
  );
}

/** What bpf_get_current_cgroup_id() gives: the inode of its directory (fs/kernfs/dir.c, kernfs_id). */
function cgroupId(text: string): bigint {
  return statSync(cgroupDirectory(text), { bigint: true }).ino;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Notes on a process or thread that is asked for and not there: mistyped, gone, or still to come. */
export function absentNotes(own: OwnValues): string[] {
  const kinds = [
    ["pid", "process"],
    ["tid", "thread"],
  ] as const;
  return kinds.flatMap(([option, kind]) => {
    const id = own.get(option);
    if (id === undefined || !/^\d+$/.test(id) || existsSync(`/proc/${id}`)) return [];
    return [`there is no ${kind} ${id} now; --${option} waits for one`];
  });
}
