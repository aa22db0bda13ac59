import { type FlagValue, parseFlagValue } from "./flag-value.ts";
import type { Flag } from "./flags.ts";
import { UsageError } from "./usage-error.ts";

/** What a command line asks of a package. */
export interface ToolArguments {
  readonly help: boolean;
  readonly version: boolean;
  readonly verbose: boolean;
  readonly json: boolean;
  /** Variable name → value, for the flags that were given and for the package's own defaults. */
  readonly variables: ReadonlyMap<string, FlagValue>;
}

type Own = "help" | "version" | "verbose" | "json";

/** Options of every tool. A tool's own flag of the same name wins. */
export const OWN_OPTIONS: readonly {
  readonly name: Own;
  readonly short: string | undefined;
  readonly help: string;
}[] = [
  { name: "json", short: "j", help: "Print one JSON object per event" },
  { name: "verbose", short: undefined, help: "Print what is loaded and attached, and whole error causes" },
  { name: "help", short: "h", help: "Print help" },
  { name: "version", short: "V", help: "Print version" },
];

/** @throws {UsageError} for an unknown flag, a missing or unfit value, or a stray argument */
export function parseArguments(flags: readonly Flag[], args: readonly string[]): ToolArguments {
  const own = { help: false, version: false, verbose: false, json: false };
  const variables = new Map<string, FlagValue>();
  for (const flag of flags)
    if (flag.override !== undefined) variables.set(flag.variable, parseFlagValue(flag, flag.override));

  const rest = args.flatMap(splitShortCluster(flags));
  for (let index = 0; index < rest.length; index++) {
    const { option, inline } = splitOption(rest[index] ?? "");
    const ownName = ownOption(flags, option);
    if (ownName !== undefined && inline === undefined) {
      own[ownName] = true;
      continue;
    }
    const { flag, negated } = findFlag(flags, option);
    if (flag.shape.kind === "bool") {
      const value = inline === undefined ? true : (parseFlagValue(flag, inline) as boolean);
      variables.set(flag.variable, value !== negated);
      continue;
    }
    const text = inline ?? rest[++index];
    if (text === undefined) throw new UsageError(`${option} needs a value`, `write ${option} VALUE`);
    variables.set(flag.variable, parseFlagValue(flag, text));
  }
  return { ...own, variables };
}

function splitOption(argument: string): { option: string; inline: string | undefined } {
  if (!argument.startsWith("-") || argument === "-")
    throw new UsageError(
      `unexpected argument ${JSON.stringify(argument)}`,
      "run with --help to see the options",
    );
  const equals = argument.indexOf("=");
  return equals < 0
    ? { option: argument, inline: undefined }
    : { option: argument.slice(0, equals), inline: argument.slice(equals + 1) };
}

/** `-p42` is `-p 42` where `-p` takes a value. */
function splitShortCluster(flags: readonly Flag[]): (argument: string) => string[] {
  return (argument) => {
    if (!/^-[^-=]./.test(argument) || argument[2] === "=") return [argument];
    const flag = flags.find(({ short }) => short !== undefined && short === argument[1]);
    return flag !== undefined && flag.shape.kind !== "bool"
      ? [argument.slice(0, 2), argument.slice(2)]
      : [argument];
  };
}

function ownOption(flags: readonly Flag[], option: string): Own | undefined {
  const found = OWN_OPTIONS.find(({ name, short }) => option === `--${name}` || option === `-${short}`);
  if (found === undefined) return undefined;
  return flags.some((flag) => option === `--${flag.name}` || option === `-${flag.short}`)
    ? undefined
    : found.name;
}

function findFlag(flags: readonly Flag[], option: string): { flag: Flag; negated: boolean } {
  if (!option.startsWith("--")) {
    const flag = flags.find(({ short }) => short !== undefined && option === `-${short}`);
    if (flag !== undefined) return { flag, negated: false };
    throw new UsageError(`there is no option ${option}`, "run with --help to see the options");
  }
  const name = canonical(option.slice(2));
  const exact = flags.find((flag) => canonical(flag.name) === name);
  if (exact !== undefined) return { flag: exact, negated: false };
  for (const flag of flags) {
    if (flag.shape.kind !== "bool") continue;
    if (name === `enable-${canonical(flag.name)}`) return { flag, negated: false };
    if (name === `disable-${canonical(flag.name)}` || name === `no-${canonical(flag.name)}`)
      return { flag, negated: true };
  }
  throw new UsageError(`there is no option ${option}`, suggestion(flags, name));
}

/** Underscores and dashes are the same. */
function canonical(name: string): string {
  return name.replaceAll("_", "-");
}

function suggestion(flags: readonly Flag[], name: string): string {
  const near = [...flags.map((flag) => flag.name), ...OWN_OPTIONS.map((option) => option.name)].find(
    (candidate) => {
      const other = canonical(candidate);
      return other.startsWith(name) || name.startsWith(other) || distance(other, name) <= 2;
    },
  );
  return near === undefined ? "run with --help to see the options" : `did you mean --${near}?`;
}

/** Levenshtein distance; the words are a few characters long. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replace = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replace, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
