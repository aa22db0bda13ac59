import type { Writable } from "node:stream";
import { type BpfObject, type BpfValue, findLostCounter, UnsupportedError } from "@skep/bpf";
import type { DecidedContents } from "../contents.ts";
import type { Output } from "../output/output.ts";
import { type Presentation, present, type ShownKind } from "../output/presentation.ts";
import { HistogramSheet } from "../samples/histogram-sheet.ts";
import { processesFeed } from "../samples/processes-feed.ts";
import { sampleFeed } from "../samples/sample-feed.ts";
import { type Screen, sampleSource } from "../samples/sample-source.ts";
import { terminalOf } from "../samples/terminal.ts";
import { bufferFeed, printkFeed, type Take } from "./feed.ts";
import { iteratorFeed } from "./iterators.ts";
import { Session } from "./session.ts";

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
  const { output, sources, naming, printk, processes, knowProcess, say } = options;
  const presentation = present(object, options, say);
  const { timeline, lost, sorted } = presentation;
  const session = new Session({ output, timeline, lost, say, sorted });
  try {
    for (const name of processes) session.add(processesFeed(object, name, naming, knowProcess));
    const takes = presentation.events.map((kinds) => kinds.map((kind) => takerOf(session, kind)));
    sources.forEach((source, index) => {
      const own = takes[index]!;
      const isIterator = source.kind === "iterator";
      session.add(isIterator ? iteratorFeed(object, source, own[0]!) : bufferFeed(object, source, own));
    });
    if (printk) addPrintk(session, object, takes.at(-1)![0]!, say);
    addSamples(session, object, presentation, options);
  } catch (error) {
    session[Symbol.dispose]();
    throw error;
  }
  return session;
}

function takerOf(session: Session, { kind: { gather }, view, filter }: ShownKind): Take {
  const take = session.taker(view, filter);
  return gather === undefined ? take : (event: BpfValue) => take(gather(event));
}

/** A program that also prints works without its lines being shown. */
function addPrintk(session: Session, object: BpfObject, take: Take, say: (line: string) => void): void {
  try {
    session.add(printkFeed(object, take));
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    say(`${error.message}: ${error.next}`);
  }
}

function addSamples(
  session: Session,
  object: BpfObject,
  presentation: Presentation,
  options: SessionOptions,
): void {
  const { show, interval, say } = options;
  const { samples } = presentation;
  const sheet = show.draw && new HistogramSheet(samples.length, show.draw);
  const screen = screenFor(presentation, options);
  for (const { sample, selection, view: rows, filter } of samples) {
    const view = show.output === "table" ? undefined : rows;
    const source = sampleSource(sample, {
      selection,
      view,
      filter,
      sort: show.sort,
      interval,
      take: session.lookTaker(view?.header),
      warn: say,
      stacks: show.stacks,
      document: show.document,
      sheet,
      top: show.top,
      eachLook: interval !== undefined,
      screen,
      lost: findLostCounter(sample.sampled.map.name, object.maps.values(), [
        { names: object.variables.names(), get: (name) => object.variables.get(name) },
      ]),
    });
    session.add(sampleFeed(source));
  }
}

/** A screen is for one thing alone; what is piped is appended. */
function screenFor(
  { samples, events }: Presentation,
  { show, output, stdout }: SessionOptions,
): Screen | undefined {
  const isTop = samples[0]?.sample.sampled.show === "top";
  const alone = samples.length === 1 && events.flat().length === 0;
  const terminal = isTop && alone && show.output === "table" ? terminalOf(stdout) : undefined;
  return terminal && { terminal, redraw };

  function redraw(lines: readonly string[]): void {
    for (const line of lines) output.line(line);
    output.flush();
  }
}
