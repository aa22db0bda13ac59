/** An option that every run has, whatever the package. */
interface OwnOption {
  readonly name: string;
  /** One character, without dash. */
  readonly short: string | undefined;
  /** What `--help` calls the value; undefined for an option that takes none. */
  readonly value: string | undefined;
  readonly help: string;
}

/** The one table of them. A tool's own flag of the same name or letter wins. */
export const OWN_OPTIONS = [
  { name: "output", short: "o", value: "FORMAT", help: "table, json, csv or yaml [default: table]" },
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
    name: "verbose",
    short: undefined,
    value: undefined,
    help: "Print what is loaded and attached, and whole error causes",
  },
  { name: "help", short: "h", value: undefined, help: "Print help" },
  { name: "version", short: "V", value: undefined, help: "Print version" },
] as const satisfies readonly OwnOption[];

export type OwnName = (typeof OWN_OPTIONS)[number]["name"];

/** The options that were given; `"true"` for those that take no value. */
export type OwnValues = ReadonlyMap<OwnName, string>;
