import { readdirSync } from "node:fs";
import { TIME_KINDS } from "../output/timeline.ts";
import { OUTPUT_WORDS } from "../output/views.ts";
import { UsageError } from "../usage-error.ts";
import type { Flag } from "./flags.ts";
import type { MapFlag } from "./map-flags.ts";
import type { OwnName, OwnOption } from "./own-options.ts";
import { findOption, ownOptions, type ToolOptions } from "./parse-arguments.ts";

/** How a word on a command line may go on. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

export interface Candidates {
  readonly list: readonly Candidate[];
  /** File names may go there as well. */
  readonly files: boolean;
}

const NONE: Candidates = { list: [], files: false };

/** What may stand in place of the last of the words that follow a package. */
export function toolCandidates(options: ToolOptions, words: readonly string[]): Candidates {
  const word = words.at(-1) ?? "";
  const equals = word.indexOf("=");
  if (word.startsWith("--") && equals > 0) return valuesFor(options, word.slice(0, equals));
  const before = words.at(-2) ?? "";
  if (before.startsWith("-") && !before.includes("=") && takesValue(options, before))
    return valuesFor(options, before);
  return { list: [...flagCandidates(options), ...ownCandidates(options)], files: false };
}

function flagCandidates({ flags, mapFlags }: ToolOptions): Candidate[] {
  const named = ({ name, help }: Flag | MapFlag) => ({ value: `--${name}`, description: help });
  return [
    // What the program changes itself is rarely what somebody is looking for.
    ...flags
      .filter(({ constant, live }) => constant && live)
      .flatMap((flag) =>
        flag.shape.kind === "bool"
          ? [named(flag), { value: `--no-${flag.name}`, description: `Not: ${flag.help}` }]
          : [named(flag)],
      ),
    ...mapFlags.map(named),
  ];
}

function ownCandidates(options: ToolOptions): Candidate[] {
  return ownOptions(options).map(({ name, help }) => ({ value: `--${name}`, description: help }));
}

function takesValue(options: ToolOptions, word: string): boolean {
  const option = lookUp(options, word);
  if (option?.kind === "own") return option.own.value !== undefined;
  return option?.kind === "map" || (option?.kind === "flag" && option.flag.shape.kind !== "bool");
}

function valuesFor(options: ToolOptions, word: string): Candidates {
  const option = lookUp(options, word);
  if (option?.kind === "own") return ownValues(option.own, options);
  if (option?.kind !== "flag") return NONE;
  const { shape } = option.flag;
  if (shape.kind === "enum") return these(shape.values.map(({ name }) => name));
  return shape.kind === "bool" ? these(["true", "false"]) : NONE;
}

function ownValues({ name }: OwnOption & { readonly name: OwnName }, options: ToolOptions): Candidates {
  switch (name) {
    case "output":
      return these(OUTPUT_WORDS);
    case "timestamp":
      return these(TIME_KINDS);
    case "event":
      return these(["cpu-clock", "task-clock", "page-faults", "context-switches", "cycles", "instructions"]);
    case "iface":
      return these(namesIn("/sys/class/net"));
    case "pid":
      return these(namesIn("/proc").filter((entry) => /^\d+$/.test(entry)));
    case "set":
      return these(options.globals.map(({ variable }) => `${variable}=`));
    case "binary":
    case "btf":
    case "cgroup":
      return { list: [], files: true };
    default:
      return NONE;
  }
}

function these(values: readonly string[]): Candidates {
  return { list: values.map((value) => ({ value, description: "" })), files: false };
}

function lookUp(options: ToolOptions, word: string): ReturnType<typeof findOption> | undefined {
  try {
    return findOption(options, word);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
