import type { Ability } from "./abilities.ts";

/** An option of ours, that packages have without declaring it. */
export interface OwnOption {
  readonly name: string;
  /** One character, without dash. */
  readonly short: string | undefined;
  /** What `--help` calls the value; undefined for an option that takes none. */
  readonly value: string | undefined;
  readonly help: string;
  /** Only for packages that have what it acts on. */
  readonly needs?: Ability;
  /** May be given several times, each adding to the others. */
  readonly repeat?: true;
}

/** The one table of them. A tool's own flag of the same name or letter wins. */
export const OWN_OPTIONS = [
  {
    name: "pid",
    short: "p",
    value: "PID",
    help: "Only this process; probes also take several: A,B",
    needs: "pid",
  },
  { name: "tid", short: undefined, value: "TID", help: "Only this thread", needs: "tid" },
  { name: "comm", short: undefined, value: "NAME", help: "Only commands of this name", needs: "comm" },
  { name: "uid", short: undefined, value: "USER", help: "Only this user, by name or id", needs: "uid" },
  {
    name: "cgroup",
    short: undefined,
    value: "PATH",
    help: "Only this cgroup (v2) and those below it",
    needs: "cgroup",
  },
  {
    name: "binary",
    short: undefined,
    value: "PATH",
    help: "Probe this program or library",
    needs: "binary",
  },
  { name: "function", short: undefined, value: "NAME", help: "Probe this function", needs: "function" },
  {
    name: "usdt",
    short: undefined,
    value: "PROVIDER:NAME",
    help: "Probe where the authors of the binary put this probe",
    needs: "usdt",
  },
  { name: "provider", short: undefined, value: "NAME", help: "Only the provider of --usdt", needs: "usdt" },
  { name: "probe", short: undefined, value: "NAME", help: "Only the name of --usdt", needs: "usdt" },
  {
    name: "at",
    short: undefined,
    value: "PROGRAM=TARGET",
    help: "Where this one of the programs goes: [BINARY:]FUNCTION or [BINARY:]PROVIDER:NAME (repeatable)",
    needs: "openProbes",
    repeat: true,
  },
  {
    name: "without",
    short: undefined,
    value: "PROGRAM",
    help: "Do not attach this one of the programs (repeatable)",
    needs: "openProbes",
    repeat: true,
  },
  {
    name: "iface",
    short: "i",
    value: "NAME",
    help: "Attach to this network interface (repeatable)",
    needs: "interface",
    repeat: true,
  },
  {
    name: "freq",
    short: "F",
    value: "HZ",
    help: "Samples per second and CPU [default: 99]",
    needs: "sampling",
  },
  {
    name: "event",
    short: "e",
    value: "EVENT",
    help: "Sample by this event [default: cpu-clock]",
    needs: "sampling",
  },
  {
    name: "all-programs",
    short: undefined,
    value: undefined,
    help: "Attach also programs that do what others do already",
    needs: "twins",
  },
  {
    name: "rung",
    short: undefined,
    value: "GROUP/RUNG",
    help: "Use this of the ways that the program knows, and no other (repeatable)",
    needs: "ladders",
    repeat: true,
  },
  {
    name: "interval",
    short: undefined,
    value: "TIME",
    help: "Time between two looks at the maps, such as 500ms or 5 (seconds)",
    needs: "sampledMaps",
  },
  { name: "duration", short: undefined, value: "TIME", help: "End after this time, such as 10s or 2m" },
  { name: "count", short: undefined, value: "N", help: "End after so many events (or looks at the maps)" },
  {
    name: "output",
    short: "o",
    value: "FORMAT",
    help: "table, json, csv, yaml; of histograms also svg; of stacks folded, flamegraph, pprof, speedscope [default: table]",
  },
  {
    name: "output-file",
    short: undefined,
    value: "FILE",
    help: "Write to this file in place of standard output",
  },
  {
    name: "compare",
    short: undefined,
    value: "FILE",
    help: "Colour the flame graph by what changed since another run (its --output folded)",
    needs: "stacks",
  },
  {
    name: "top",
    short: undefined,
    value: "N",
    help: "Show only the first N entries of each look",
    needs: "sampledMaps",
  },
  { name: "json", short: "j", value: undefined, help: "The same as --output json" },
  { name: "fields", short: undefined, value: "a,-b,+c", help: "Show only a; leave out b; add c" },
  {
    name: "filter",
    short: undefined,
    value: "EXPR",
    help: "Show only what the expression is true for (CEL)",
  },
  {
    name: "sort",
    short: undefined,
    value: "a,-b",
    help: "Sort by a, then by b downwards (with --count or --duration)",
  },
  { name: "timestamp", short: undefined, value: "KIND", help: "wall, delta, mono or none" },
  { name: "fail-on-loss", short: undefined, value: undefined, help: "Exit with 75 when events were lost" },
  {
    name: "set",
    short: undefined,
    value: "NAME=VALUE",
    help: "Set any global variable of the program, or MAP[KEY]=VALUE (repeatable)",
    repeat: true,
  },
  {
    name: "map",
    short: undefined,
    value: "NAME[=KIND]",
    help: "Look at this map every second: default_kv, log2_hist, linear_hist, top, stacks (repeatable)",
    needs: "maps",
    repeat: true,
  },
  { name: "btf", short: undefined, value: "FILE", help: "Types of the kernel, for kernels without BTF" },
  { name: "quiet", short: "q", value: undefined, help: "Print nothing but events and errors" },
  {
    name: "verbose",
    short: undefined,
    value: undefined,
    help: "Print what is loaded and attached, and whole error causes",
  },
  { name: "help", short: "h", value: undefined, help: "Print help" },
  { name: "version", short: "V", value: undefined, help: "Print version" },
] as const satisfies readonly OwnOption[];

export type OwnName = (typeof OWN_OPTIONS)[number]["name"];

/** The options that were given, the last of each; `"true"` for those that take no value. */
export type OwnValues = ReadonlyMap<OwnName, string>;
