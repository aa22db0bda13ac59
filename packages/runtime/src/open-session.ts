import type { Writable } from "node:stream";
import { type BpfObject, type BpfValue, findLostCounter, UnsupportedError } from "@skep/bpf";
import type { DecidedContents } from "./contents.ts";
import { bufferFeed, printkFeed } from "./feed.ts";
import { checkColumns } from "./fields.ts";
import { HostMachine } from "./formats/host-machine.ts";
import { iteratorFeed } from "./iterators.ts";
import { kindsOf, printkKind } from "./kinds.ts";
import type { Output } from "./output.ts";
import { filterKind } from "./samples/filter-kind.ts";
import { HistogramSheet } from "./samples/histogram-sheet.ts";
import { processesFeed } from "./samples/processes-feed.ts";
import { sampleFeed } from "./samples/sample-feed.ts";
import { type Screen, sampleSource } from "./samples/sample-source.ts";
import { isHistogram } from "./samples/sampled-maps.ts";
import { type ShownSample, shownSample } from "./samples/shown-sample.ts";
import { terminalOf } from "./samples/terminal.ts";
import { select } from "./select.ts";
import { Session } from "./session.ts";
import type { SortKey } from "./sort.ts";
import { SortedRows } from "./sorted-rows.ts";
import { Timeline } from "./timeline.ts";
import { UsageError } from "./usage-error.ts";
import type { EventKind, View } from "./view.ts";
import { viewsOf } from "./views.ts";

export interface SessionOptions extends DecidedContents {
  readonly output: Output;
  /** What `output` writes to. */
  readonly stdout: Writable;
  /** Milliseconds between two looks at sampled maps, in place of the package's own. */
  readonly interval: number | undefined;
  /** Ring buffers that tell of which processes stacks will be. */
  readonly processes: readonly string[];
  /** Called when what such a process has mapped is known. */
  readonly knowProcess: (pid: number) => void;
  /** Takes warnings, one line each. */
  readonly say: (line: string) => void;
}

/**
 * Everything from the object's buffers to the output.
 * @throws {UsageError} for columns and filters that do not fit; {SyscallError} {NotImplementedError}
 */
export function openSession(object: BpfObject, options: SessionOptions): Session {
  const { output, sources, sampled, annotations, naming, printk, show, say } = options;
  const machine = new HostMachine(naming);
  const timeline = new Timeline(machine);
  const columnOptions = { machine, btf: object.btf, annotations, warn: say };
  const kindsBySource = sources.map((source) => kindsOf(object.btf, source, columnOptions));
  if (printk) kindsBySource.push([printkKind(columnOptions)]);
  const eventKinds = kindsBySource.flat();
  const samples = sampled.map((map) => shownSample(object, map, columnOptions, naming));
  if (show.stacks !== undefined)
    requireSuited(`${show.stacks} is for stacks`, eventKinds, samples, ({ stacks }) => stacks !== undefined);
  if (show.document !== undefined && samples.length > 1)
    throw new UsageError(
      `--output ${show.stacks} is of one map, and ${samples.map(({ kind }) => kind.name).join(", ")} are several`,
      "give folded, or another output",
    );
  if (show.draw !== undefined)
    requireSuited(
      "svg is for histograms",
      eventKinds,
      samples,
      ({ histograms }) => histograms !== undefined,
      options.hidden.find(({ show: kind }) => isHistogram(kind))?.when,
    );
  const sheet = show.draw && new HistogramSheet(samples.length, show.draw);
  const kinds = [...eventKinds, ...samples.map(({ kind }) => kind)];
  checkColumns(
    "sort",
    show.sort.map(({ column }) => column),
    kinds.map(({ columns }) => columns),
  );
  const selections = select(kinds, { ...show, timeline, warn: say });
  const { views: usual, lost } = viewsOf(show.output, selections);
  const hasRows = show.stacks === undefined && show.draw === undefined;
  const views = usual.map((view, index) => traceView(eventKinds[index]) ?? view);
  const filters = show.filter?.([...eventKinds, ...samples.map(({ kind }) => filterKind(kind))], say) ?? [];

  const session = new Session({
    output,
    timeline,
    lost: hasRows ? lost : undefined,
    say,
    sorted: sortedRows(show.sort, eventKinds, views),
  });
  const takers = eventKinds.map(({ gather }, index) => {
    const take = session.taker(views[index]!, filters[index]);
    return gather === undefined ? take : (event: BpfValue) => take(gather(event));
  });
  const takersOf = (index: number) => kindsBySource[index]!.map(() => takers.shift()!);
  try {
    for (const name of options.processes)
      session.add(processesFeed(object, name, naming, options.knowProcess));
    sources.forEach((source, index) => {
      const takes = takersOf(index);
      const isIterator = source.kind === "iterator";
      session.add(isIterator ? iteratorFeed(object, source, takes[0]!) : bufferFeed(object, source, takes));
    });
    if (printk) addPrintk();
    samples.forEach((_, index) => {
      addSample(index);
    });
  } catch (error) {
    session[Symbol.dispose]();
    throw error;
  }
  return session;

  /** For people. Machines get the members as they are. */
  function traceView(kind: EventKind | undefined): View | undefined {
    return show.output === "table" && kind !== undefined ? naming?.showTraces(kind) : undefined;
  }

  function addSample(index: number): void {
    const at = eventKinds.length + index;
    const view = show.output === "table" ? undefined : views[at];
    const source = sampleSource(samples[index]!, {
      selection: selections[at]!,
      view,
      filter: filters[at],
      sort: show.sort,
      interval: options.interval,
      take: session.lookTaker(view?.header),
      warn: say,
      stacks: show.stacks,
      document: show.document,
      sheet,
      top: show.top,
      eachLook: options.interval !== undefined,
      screen: screenFor(samples[index]!),
      lost: findLostCounter(samples[index]!.sampled.map.name, object.maps.values(), [
        { names: object.variables.names(), get: (name) => object.variables.get(name) },
      ]),
    });
    session.add(sampleFeed(source));
  }

  /** A screen is for one thing alone; what is piped is appended. */
  function screenFor({ sampled }: ShownSample): Screen | undefined {
    const alone = samples.length === 1 && eventKinds.length === 0;
    const terminal =
      sampled.show === "top" && alone && show.output === "table" ? terminalOf(options.stdout) : undefined;
    return terminal && { terminal, redraw };
  }

  function redraw(lines: readonly string[]): void {
    for (const line of lines) output.line(line);
    output.flush();
  }

  /** A program that also prints works without its lines being shown. */
  function addPrintk(): void {
    try {
      session.add(printkFeed(object, takers.shift()!));
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
      say(`${error.message}: ${error.next}`);
    }
  }
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

function sortedRows(
  keys: readonly SortKey[],
  kinds: readonly EventKind[],
  views: readonly View[],
): SortedRows | undefined {
  if (keys.length === 0 || kinds.length === 0) return undefined;
  const columns = kinds.map((kind) => kind.columns);
  return new SortedRows(keys, new Map(views.map((view, index) => [view, columns[index] ?? []])));
}
