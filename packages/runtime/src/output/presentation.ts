import type { BpfObject } from "@skep/bpf";
import type { DecidedContents } from "../contents.ts";
import type { EventFilter } from "../events/event-filter.ts";
import { kindsOf, printkKind } from "../events/kinds.ts";
import type { SortKey } from "../events/sort.ts";
import { SortedRows } from "../events/sorted-rows.ts";
import { HostMachine } from "../formats/host-machine.ts";
import { filterKind } from "../samples/filter-kind.ts";
import { isHistogram } from "../samples/sampled-maps.ts";
import { type ShownSample, shownSample } from "../samples/shown-sample.ts";
import { UsageError } from "../usage-error.ts";
import { checkColumns } from "./fields.ts";
import { select } from "./select.ts";
import { Timeline } from "./timeline.ts";
import type { EventKind, Selection, View, Views } from "./view.ts";
import { viewsOf } from "./views.ts";

/** One kind of event, and all that the command line says about showing it. */
export interface ShownKind {
  readonly kind: EventKind;
  readonly selection: Selection;
  readonly view: View;
  /** Which events; all when left out. */
  readonly filter: EventFilter | undefined;
}

/** How the things that a loaded object has to show are shown. */
export interface Presentation {
  readonly timeline: Timeline;
  /** What comes out of each source, in their order; of the printed lines, where they are shown, at the end. */
  readonly events: readonly (readonly ShownKind[])[];
  readonly samples: readonly (ShownKind & { readonly sample: ShownSample })[];
  /** How a loss is shown among the rows; undefined where the output has none. */
  readonly lost: Views["lost"] | undefined;
  /** Set when rows wait for the end. */
  readonly sorted: SortedRows | undefined;
}

/** @throws {UsageError} for an output, columns and filters that do not fit; {MalformedError} {NotImplementedError} */
export function present(
  object: BpfObject,
  contents: DecidedContents,
  say: (line: string) => void,
): Presentation {
  const { sources, sampled, annotations, naming, printk, show } = contents;
  const machine = new HostMachine(naming);
  const timeline = new Timeline(machine);
  const columnOptions = { machine, btf: object.btf, annotations, warn: say };
  const kindsBySource = sources.map((source) => kindsOf(object.btf, source, columnOptions));
  if (printk) kindsBySource.push([printkKind(columnOptions)]);
  const eventKinds = kindsBySource.flat();
  const samples = sampled.map((map) => shownSample(object, map, columnOptions, naming));
  checkOutput(contents, eventKinds, samples);
  const kinds = [...eventKinds, ...samples.map(({ kind }) => kind)];
  checkColumns(
    "sort",
    show.sort.map(({ column }) => column),
    kinds.map(({ columns }) => columns),
  );

  const selections = select(kinds, { ...show, timeline, warn: say });
  const { views, lost } = viewsOf(show.output, selections);
  const filters = show.filter?.([...eventKinds, ...samples.map(({ kind }) => filterKind(kind))], say) ?? [];
  const shown = kinds.map((kind, at): ShownKind => {
    // Stack traces for people; machines get the members as they are.
    const traces = show.output === "table" && at < eventKinds.length ? naming?.showTraces(kind) : undefined;
    return { kind, selection: selections[at]!, view: traces ?? views[at]!, filter: filters[at] };
  });
  const shownAs = new Map(shown.map((one) => [one.kind, one]));
  return {
    timeline,
    events: kindsBySource.map((own) => own.map((kind) => shownAs.get(kind)!)),
    samples: samples.map((sample) => ({ sample, ...shownAs.get(sample.kind)! })),
    lost: show.stacks === undefined && show.draw === undefined ? lost : undefined,
    sorted: sortedRows(show.sort, shown.slice(0, eventKinds.length)),
  };
}

/** @throws {UsageError} when there is something that the output cannot show, or nothing that it can */
function checkOutput(
  { show, hidden }: DecidedContents,
  events: readonly EventKind[],
  samples: readonly ShownSample[],
): void {
  if (show.stacks !== undefined)
    requireSuited(`${show.stacks} is for stacks`, events, samples, ({ stacks }) => stacks !== undefined);
  if (show.document !== undefined && samples.length > 1)
    throw new UsageError(
      `--output ${show.stacks} is of one map, and ${samples.map(({ kind }) => kind.name).join(", ")} are several`,
      "give folded, or another output",
    );
  if (show.draw !== undefined)
    requireSuited(
      "svg is for histograms",
      events,
      samples,
      ({ histograms }) => histograms !== undefined,
      hidden.find(({ show: kind }) => isHistogram(kind))?.when,
    );
}

/**
 * @param when a condition under which there would be what the output is for
 * @throws {UsageError} when there is anything to show that the output is not for
 */
function requireSuited(
  output: string,
  events: readonly EventKind[],
  samples: readonly ShownSample[],
  isSuited: (sample: ShownSample) => boolean,
  when?: string,
): void {
  const other = events[0]?.name ?? samples.find((sample) => !isSuited(sample))?.kind.name;
  if (other === undefined && samples.length > 0) return;
  throw new UsageError(
    `--output ${output}${other === undefined ? "" : `, which ${other} holds none of`}`,
    when === undefined
      ? "give table, json, csv or yaml"
      : `there are some with ${when}; else give table, json, csv or yaml`,
  );
}

function sortedRows(keys: readonly SortKey[], shown: readonly ShownKind[]): SortedRows | undefined {
  if (keys.length === 0 || shown.length === 0) return undefined;
  return new SortedRows(keys, new Map(shown.map(({ view, kind }) => [view, kind.columns])));
}
