import type { ObjectSpec } from "@skep/bpf";
import type { PackageMeta } from "@skep/package";
import type { ToolArguments } from "./arguments/parse-arguments.ts";
import { type ShowOptions, showOptions } from "./arguments/show-options.ts";
import { type EventSource, eventSources } from "./events/event-types.ts";
import { usesPrintk } from "./events/printk-use.ts";
import { type Naming, namingFor } from "./output/naming.ts";
import { withAskedMaps } from "./samples/asked-maps.ts";
import { type SampledMap, sampledMaps, withGlobals } from "./samples/sampled-maps.ts";
import { type Annotations, readAnnotations } from "./shapes/annotations.ts";
import { type Globals, withConditions } from "./shapes/conditions.ts";

/** What a package has to show, and how this run wants it shown. */
export interface Contents {
  readonly sources: readonly EventSource[];
  readonly sampled: readonly SampledMap[];
  /** Show what the programs print. */
  readonly printk: boolean;
  readonly annotations: Annotations;
  /** Left out where no addresses are shown. */
  readonly naming: Naming | undefined;
  readonly show: ShowOptions;
}

/** Contents of a run whose variables are set, and so are the conditions that name them. */
export interface DecidedContents extends Contents {
  /** Maps whose condition does not hold. */
  readonly hidden: readonly SampledMap[];
}

/**
 * @param title of what the run may write about itself
 * @throws {UsageError} for `--map` and options of output; {MalformedError} {NotFoundError} for samples that nobody could mean
 */
export async function contentsOf(
  spec: ObjectSpec,
  meta: PackageMeta,
  { own, lists }: ToolArguments,
  title: string,
): Promise<Contents> {
  const sources = eventSources(spec, meta);
  const sampled = sampledMaps(spec, withAskedMaps(spec, meta, lists.get("map") ?? []));
  const annotations = readAnnotations(meta);
  const naming = await namingFor(meta, annotations, sampled);
  const show = await showOptions(own, sampled.length > 0, title);
  return { sources, sampled, printk: usesPrintk(spec), annotations, naming, show };
}

export function decide(contents: Contents, globals: Globals): DecidedContents {
  const sampled = withGlobals(contents.sampled, globals);
  return {
    ...contents,
    sampled,
    hidden: contents.sampled.filter(({ map }) => !sampled.some((one) => one.map === map)),
    annotations: withConditions(contents.annotations, globals),
  };
}
