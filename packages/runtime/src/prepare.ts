import { existsSync } from "node:fs";
import {
  type AttachOptions,
  type BpfObject,
  type BpfSpec,
  CgroupArrayMap,
  hostKernel,
  isProbeable,
  type ProgramSpec,
  UnsupportedError,
} from "@skep/bpf";
import type { PackageMeta } from "@skep/package";
import { isBareProbe, isUprobe } from "./arguments/abilities.ts";
import { filterSettings } from "./arguments/filters.ts";
import { fillMap } from "./arguments/map-flags.ts";
import type { ToolArguments } from "./arguments/parse-arguments.ts";
import { setVariables } from "./arguments/set-variables.ts";
import { type Aim, aimOf, attachmentsOf } from "./attach/attachments.ts";
import { chosenRungs } from "./attach/chosen-rungs.ts";
import type { Ladder } from "./attach/ladders.ts";
import { obstacleTo } from "./attach/obstacle.ts";
import { checkPrograms } from "./attach/program-aims.ts";
import { ProgramChoice } from "./attach/program-choice.ts";
import { sizeStackMaps } from "./attach/stack-map-sizes.ts";
import { globalsOf, holds } from "./shapes/conditions.ts";
import type { Tool } from "./tool.ts";
import { UsageError } from "./usage-error.ts";

/** What a command line makes of a package, before anything is in the kernel. */
export interface Prepared {
  readonly choice: ProgramChoice;
  /** @throws {UsageError} for what nobody has said and cannot be guessed */
  readonly attachments: (program: { readonly spec: ProgramSpec }) => readonly AttachOptions[];
  /** Puts what the command line says into maps. Between loading and attaching. */
  readonly fill: (object: BpfObject) => void;
}

/**
 * Sets the variables, aims the programs, and chooses those that this kernel can run.
 * @throws {UsageError} {UnsupportedError}
 */
export function prepare(spec: BpfSpec, meta: PackageMeta, tool: Tool, args: ToolArguments): Prepared {
  const aim = aimOf(args);
  const settings = filterSettings(tool.filters, args.own);
  setVariables(spec, tool.options.globals, [...settings.variables, ...args.variables]);
  sizeStackMaps(spec);
  checkPrograms("at", aim.at?.keys() ?? [], spec.programs.keys());
  checkPrograms("without", aim.without ?? [], spec.programs.keys());
  aimTracing(spec, aim);
  const attachments = ({ spec: program }: { readonly spec: ProgramSpec }) =>
    attachmentsOf(
      program,
      meta.bpf_skel.progs.find(({ name }) => name === program.name),
      aim,
    );
  const declared = chosenRungs(tool.ladders, args.lists.get("rung") ?? []);
  const ladders = args.own.has("all-programs") ? declared : [...declared, ...tool.twins];
  const unsaid: UsageError[] = [];
  const excluded = new Set([...excludedBy(declared, tool.ladders), ...unwanted(meta, spec)]);
  const choice = chooseOr(unsaid, () => new ProgramChoice(ladders, tool.optional, obstacle, excluded));
  return { choice, attachments, fill };

  function obstacle(name: string): string | undefined {
    const wishes = spec.program(name);
    const { options, missing } = known(attachments, wishes.spec);
    const why = obstacleTo(hostKernel(), { ...wishes.spec, target: wishes.target }, options);
    if (why !== undefined) return `this kernel ${why}`;
    const lacking = functionLacking(wishes.spec, options);
    if (lacking !== undefined) return lacking;
    if (missing === undefined || !isSaidForAnother(ladders, name)) return undefined;
    unsaid.push(missing);
    return `for this ${missing.next}`;
  }

  function fill(object: BpfObject): void {
    for (const [flag, entries] of args.maps) fillMap(object, flag, entries);
    for (const [name, directory] of settings.cgroups) {
      const map = object.maps.get(name);
      if (map instanceof CgroupArrayMap) map.set(0, directory);
    }
  }
}

/** Programs of this kind are told at load where they will be attached. */
function aimTracing(spec: BpfSpec, aim: Aim): void {
  for (const wishes of spec.programs.values()) {
    const name = aim.at?.get(wishes.name) ?? aim.function;
    if (name !== undefined && wishes.spec.definition?.link === "tracing" && isBareProbe(wishes.spec))
      wishes.target = name;
  }
}

/** Where a program would be attached, or what nobody has said: programs that are not chosen in the end need not be told. */
function known(
  attachments: Prepared["attachments"],
  spec: ProgramSpec,
): { readonly options?: AttachOptions; readonly missing?: UsageError } {
  try {
    const [options] = attachments({ spec });
    return options === undefined ? {} : { options };
  } catch (error) {
    if (error instanceof UsageError) return { missing: error };
    throw error;
  }
}

/** Found out before anything is loaded: of a long list of optional probes each would else cost an attempt of its own. */
function functionLacking(
  { definition }: ProgramSpec,
  { target, pid }: AttachOptions = {},
): string | undefined {
  if (!isUprobe(definition?.link) || target === undefined || /[*?]/.test(target)) return undefined;
  if (isProbeable(target, pid)) return undefined;
  const [, file = ""] = /^(\/.*):/.exec(target) ?? [];
  return file !== "" && pid === undefined && !existsSync(file)
    ? `there is no file ${file}`
    : `there is no ${target}`;
}

/** The programs whose `@when` does not hold. */
function unwanted({ bpf_skel }: PackageMeta, spec: BpfSpec): readonly string[] {
  const globals = globalsOf(spec);
  return bpf_skel.progs
    .filter(({ when }) => !holds(typeof when === "string" ? when : undefined, globals))
    .map(({ name }) => name);
}

/** The programs of rungs that the command line does without. */
function excludedBy(chosen: readonly Ladder[], all: readonly Ladder[]): ReadonlySet<string> {
  const kept = programsOf(chosen);
  return new Set([...programsOf(all)].filter((program) => !kept.has(program)));
}

function programsOf(ladders: readonly Ladder[]): ReadonlySet<string> {
  return new Set(ladders.flatMap(({ rungs }) => rungs.flatMap(({ programs }) => programs)));
}

/** Where the kernel lacks what it was asked for, and would have what nobody has said, somebody only has to say it. */
function chooseOr(unsaid: readonly UsageError[], choose: () => ProgramChoice): ProgramChoice {
  try {
    return choose();
  } catch (error) {
    const [missing] = unsaid;
    if (!(error instanceof UnsupportedError) || missing === undefined) throw error;
    throw new UsageError(error.message, missing.next);
  }
}

/** Not on the last rung: what is missing there is missing at all. */
function isSaidForAnother(ladders: readonly Ladder[], program: string): boolean {
  return ladders.some(({ rungs }) => rungs.slice(0, -1).some(({ programs }) => programs.includes(program)));
}

/** Where the package's own words about a program are not those of its object. */
export function disagreements(spec: BpfSpec, meta: PackageMeta): string[] {
  return meta.bpf_skel.progs.flatMap(({ name, attach }) => {
    const section = spec.programs.get(name)?.spec.section;
    if (section === attach) return [];
    return section === undefined
      ? [`the package describes a program ${name}, which its object does not have`]
      : [
          `the package says SEC("${attach}") of program ${name}, its object SEC("${section}"): the object counts`,
        ];
  });
}
