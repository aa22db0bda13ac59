import { type FlagValue, parseFlagValue } from "./flag-value.ts";
import type { Flag } from "./flags.ts";
import { OWN_OPTIONS, type OwnName, type OwnValues } from "./own-options.ts";
import { UsageError } from "./usage-error.ts";

/** What a command line asks of a package. */
export interface ToolArguments {
  readonly own: OwnValues;
  /** Variable name → value, for the flags that were given and for the package's own defaults. */
  readonly variables: ReadonlyMap<string, FlagValue>;
}

/** @throws {UsageError} for an unknown flag, a missing or unfit value, or a stray argument */
export function parseArguments(flags: readonly Flag[], args: readonly string[]): ToolArguments {
  const own = new Map<OwnName, string>();
  const variables = new Map<string, FlagValue>();
  for (const flag of flags)
    if (flag.override !== undefined) variables.set(flag.variable, parseFlagValue(flag, flag.override));

  const rest = args.flatMap(splitShortCluster(flags));
  for (let index = 0; index < rest.length; index++) {
    const { option, inline } = splitOption(rest[index] ?? "");
    const ours = ownOption(flags, option);
    if (ours !== undefined && ours.value === undefined) {
      if (inline !== undefined)
        throw new UsageError(`${option} takes no value`, `write ${option} without =${inline}`);
      own.set(ours.name, "true");
      continue;
    }
    if (ours !== undefined) {
      own.set(ours.name, inline ?? requireValue(option, rest[++index]));
      continue;
    }
    const { flag, negated } = findFlag(flags, option);
    if (flag.shape.kind === "bool") {
      const value = inline === undefined ? true : (parseFlagValue(flag, inline) as boolean);
      variables.set(flag.variable, value !== negated);
      continue;
    }
    variables.set(flag.variable, parseFlagValue(flag, inline ?? requireValue(option, rest[++index])));
  }
  return { own, variables };
}

function requireValue(option: string, text: string | undefined): string {
  if (text === undefined) throw new UsageError(`${option} needs a value`, `write ${option} VALUE`);
  return text;
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
    const takesValue =
      flag === undefined
        ? OWN_OPTIONS.some(({ short, value }) => short === argument[1] && value !== undefined)
        : flag.shape.kind !== "bool";
    return takesValue ? [argument.slice(0, 2), argument.slice(2)] : [argument];
  };
}

function ownOption(flags: readonly Flag[], option: string): (typeof OWN_OPTIONS)[number] | undefined {
  const theirs = flags.some((flag) => option === `--${flag.name}` || option === `-${flag.short}`);
  return theirs
    ? undefined
    : OWN_OPTIONS.find(({ name, short }) => option === `--${name}` || option === `-${short}`);
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
