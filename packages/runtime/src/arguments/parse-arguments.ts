import { UsageError } from "../usage-error.ts";
import { ABILITIES, type Ability } from "./abilities.ts";
import { type FlagValue, parseFlagValue } from "./flag-value.ts";
import type { Flag } from "./flags.ts";
import { type MapEntry, type MapFlag, parseMapEntries } from "./map-flags.ts";
import { didYouMean } from "./near-option.ts";
import { OWN_OPTIONS, type OwnName, type OwnOption, type OwnValues } from "./own-options.ts";

/** All that the command line of a package may say. */
export interface ToolOptions {
  readonly flags: readonly Flag[];
  readonly mapFlags: readonly MapFlag[];
  /** What `--set` reaches. */
  readonly globals: readonly Flag[];
  /** Variables that nothing on a command line can set, and what they are: "an array". */
  readonly unsettable: ReadonlyMap<string, string>;
  /** What `--set` reaches of maps. */
  readonly tables: readonly MapFlag[];
  readonly abilities: ReadonlySet<Ability>;
}

/** What a command line asks of a package. */
export interface ToolArguments {
  readonly own: OwnValues;
  /** All values of options that may be given several times. */
  readonly lists: ReadonlyMap<OwnName, readonly string[]>;
  /** Variable name → value, for what was given, and for the package's own defaults. */
  readonly variables: ReadonlyMap<string, FlagValue>;
  /** For the flags that were given. */
  readonly maps: ReadonlyMap<MapFlag, readonly MapEntry[]>;
}

type Option =
  | { readonly kind: "own"; readonly own: OwnOption & { readonly name: OwnName } }
  | { readonly kind: "flag"; readonly flag: Flag; readonly negated: boolean }
  | { readonly kind: "map"; readonly flag: MapFlag };

/** @throws {UsageError} for an unknown flag, a missing or unfit value, or a stray argument */
export function parseArguments(options: ToolOptions, args: readonly string[]): ToolArguments {
  const own = new Map<OwnName, string>();
  const lists = new Map<OwnName, readonly string[]>();
  const variables = new Map<string, FlagValue>();
  const maps = new Map<MapFlag, readonly MapEntry[]>();
  for (const flag of options.flags)
    if (flag.override !== undefined) variables.set(flag.variable, parseFlagValue(flag, flag.override));

  const split = splitShortCluster(options);
  const rest = [...args];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    // Only now: what follows an option that takes a value is that value, also when it begins with a dash.
    const [first = "", ...others] = split(argument);
    rest.unshift(...others);
    const { word, inline } = splitOption(first);
    const value = (): string => inline ?? requireValue(word, rest.shift());
    const option = findOption(options, word);
    switch (option.kind) {
      case "own":
        takeOwn(option.own, word, inline, value);
        break;
      case "map":
        maps.set(option.flag, [...(maps.get(option.flag) ?? []), ...parseMapEntries(option.flag, value())]);
        if (option.flag.enables !== undefined) variables.set(option.flag.enables, true);
        break;
      case "flag":
        variables.set(option.flag.variable, flagValue(option, inline, value));
    }
  }
  for (const text of lists.get("set") ?? []) {
    const entry = /^(\w+)\[([^\]]*)\]=(.*)$/s.exec(text);
    if (entry === null) variables.set(...parseSetting(options, text));
    else addEntry(entry[1] ?? "", `${entry[2]}=${entry[3]}`);
  }
  return { own, lists, variables, maps };

  /** `--set map[key]=value`. */
  function addEntry(map: string, text: string): void {
    const table = options.tables.find((one) => one.map === map);
    const names = options.tables.map((one) => one.map);
    if (table === undefined) refuseUnsettable(options.unsettable, "--set", map);
    if (table === undefined)
      throw new UsageError(
        `--set: the program has no map ${map} of numbers or texts`,
        didYouMean(map, names) ?? (names.length === 0 ? "it has none at all" : `it has ${names.join(", ")}`),
      );
    maps.set(table, [...(maps.get(table) ?? []), ...parseMapEntries(table, text)]);
  }

  function takeOwn(
    { name, value: takes, repeat }: OwnOption & { readonly name: OwnName },
    word: string,
    inline: string | undefined,
    value: () => string,
  ): void {
    if (takes === undefined && inline !== undefined)
      throw new UsageError(`${word} takes no value`, `write ${word} without =${inline}`);
    const text = takes === undefined ? "true" : value();
    own.set(name, text);
    if (repeat === true) lists.set(name, [...(lists.get(name) ?? []), text]);
  }
}

function flagValue(
  { flag, negated }: Extract<Option, { kind: "flag" }>,
  inline: string | undefined,
  value: () => string,
): FlagValue {
  if (flag.shape.kind !== "bool") return parseFlagValue(flag, value());
  return (inline === undefined ? true : parseFlagValue(flag, inline)) !== negated;
}

/** `--set name=value`. */
function parseSetting({ globals, unsettable }: ToolOptions, text: string): readonly [string, FlagValue] {
  const equals = text.indexOf("=");
  if (equals <= 0)
    throw new UsageError(`--set: ${JSON.stringify(text)} is not of the form NAME=VALUE`, "write --set x=1");
  const name = text.slice(0, equals);
  const global = globals.find(({ variable }) => variable === name);
  if (global !== undefined) return [name, parseFlagValue(global, text.slice(equals + 1))];
  refuseUnsettable(unsettable, "--set", name);
  const names = globals.map(({ variable }) => variable);
  throw new UsageError(
    `--set: the program has no variable ${name} that could be set`,
    didYouMean(name, names) ?? (names.length === 0 ? "it has none at all" : `it has ${names.join(", ")}`),
  );
}

function requireValue(option: string, text: string | undefined): string {
  if (text === undefined) throw new UsageError(`${option} needs a value`, `write ${option} VALUE`);
  return text;
}

function splitOption(argument: string): { readonly word: string; readonly inline: string | undefined } {
  if (!argument.startsWith("-") || argument === "-")
    throw new UsageError(
      `unexpected argument ${JSON.stringify(argument)}`,
      "run with --help to see the options",
    );
  const equals = argument.indexOf("=");
  return equals < 0
    ? { word: argument, inline: undefined }
    : { word: argument.slice(0, equals), inline: argument.slice(equals + 1) };
}

/** `-p42` is `-p 42` where `-p` takes a value, `-jq` is `-j -q` where `-j` takes none. */
function splitShortCluster(options: ToolOptions): (argument: string) => string[] {
  return function split(argument): string[] {
    if (!/^-[^-=]./.test(argument) || argument[2] === "=") return [argument];
    const option = shortOption(options, argument[1] ?? "");
    if (option === undefined) return [argument];
    const [first, rest] = [argument.slice(0, 2), argument.slice(2)];
    const takesValue =
      option.kind === "map" ||
      (option.kind === "flag" && option.flag.shape.kind !== "bool") ||
      (option.kind === "own" && option.own.value !== undefined);
    return takesValue ? [first, rest] : [first, ...split(`-${rest}`)];
  };
}

export function findOption(options: ToolOptions, word: string): Option {
  const found = word.startsWith("--")
    ? longOption(options, canonical(word.slice(2)))
    : shortOption(options, word.slice(1));
  if (found !== undefined) return found;
  const ours = OWN_OPTIONS.find((option) => word === `--${option.name}` || word === `-${option.short}`);
  if (ours !== undefined && "needs" in ours)
    throw new UsageError(
      `there is nothing for ${word} to act on: this program ${ABILITIES[ours.needs]}`,
      "run with --help to see the options",
    );
  if (word.startsWith("--")) refuseUnsettable(options.unsettable, word, word.slice(2));
  throw new UsageError(`there is no option ${word}`, suggestion(options, word));
}

/** @throws {UsageError} when a variable of this name is there, and cannot be set */
function refuseUnsettable(unsettable: ReadonlyMap<string, string>, option: string, name: string): void {
  for (const [variable, what] of unsettable)
    if (canonical(variable) === canonical(name))
      throw new UsageError(
        `${option}: ${variable} is ${what}, which cannot be set`,
        "numbers, bools, enums and texts can: the source needs a variable for each",
      );
}

/** What the package declares comes first, unless it has no effect. */
function longOption(options: ToolOptions, name: string): Option | undefined {
  const { flags, mapFlags } = options;
  const flag = flagCalled(
    flags.filter(({ live }) => live),
    name,
  );
  if (flag !== undefined) return flag;
  const map = mapFlags.find((flag) => canonical(flag.name) === name);
  if (map !== undefined) return { kind: "map", flag: map };
  const own = ownOptions(options).find((option) => option.name === name);
  return own === undefined ? flagCalled(flags, name) : { kind: "own", own };
}

function flagCalled(flags: readonly Flag[], name: string): Option | undefined {
  const exact = flags.find((flag) => canonical(flag.name) === name);
  if (exact !== undefined) return { kind: "flag", flag: exact, negated: false };
  for (const flag of flags) {
    if (flag.shape.kind !== "bool") continue;
    const own = canonical(flag.name);
    if (name === `enable-${own}`) return { kind: "flag", flag, negated: false };
    if (name === `disable-${own}` || name === `no-${own}`) return { kind: "flag", flag, negated: true };
  }
  return undefined;
}

function shortOption(options: ToolOptions, letter: string): Option | undefined {
  const flag = options.flags.find(({ short }) => short === letter);
  if (flag !== undefined) return { kind: "flag", flag, negated: false };
  const map = options.mapFlags.find(({ short }) => short === letter);
  if (map !== undefined) return { kind: "map", flag: map };
  const own = [...ownOptions(options), ...ownLetters(options)].find((option) => option.short === letter);
  return own === undefined ? undefined : { kind: "own", own };
}

/** Ours that mean something to this package, and that it does not define itself. */
export function ownOptions(options: ToolOptions) {
  const theirs = theirNames(options);
  return ALL_OWN.filter(
    ({ name, needs }) => !theirs.has(name) && (needs === undefined || options.abilities.has(needs)),
  );
}

/** Ours that every run has, where the package uses the name for a flag of its own, and not the letter: `-h` is always there. */
export function ownLetters(options: ToolOptions) {
  const theirs = theirNames(options);
  const letters = new Set([...options.flags, ...options.mapFlags].map(({ short }) => short));
  return ALL_OWN.filter(
    ({ name, short, needs }) =>
      needs === undefined && theirs.has(name) && short !== undefined && !letters.has(short),
  );
}

const ALL_OWN: readonly (OwnOption & { readonly name: OwnName })[] = OWN_OPTIONS;

function theirNames({ flags, mapFlags }: ToolOptions): ReadonlySet<string> {
  const acting = flags.filter(({ live }) => live);
  return new Set([...acting, ...mapFlags].map(({ name }) => canonical(name)));
}

/** Underscores and dashes are the same. */
function canonical(name: string): string {
  return name.replaceAll("_", "-");
}

function suggestion(options: ToolOptions, word: string): string {
  if (!word.startsWith("--")) return "run with --help to see the options";
  const names = [...options.flags, ...options.mapFlags, ...ownOptions(options)].map(({ name }) => name);
  return didYouMean(canonical(word.slice(2)), names, "--") ?? "run with --help to see the options";
}
