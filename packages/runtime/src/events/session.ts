import type { EventReading } from "@skep/bpf";
import type { Line, Output } from "../output/output.ts";
import { lossLine } from "../output/table.ts";
import type { Timeline } from "../output/timeline.ts";
import type { View, Views } from "../output/view.ts";
import type { Feed, Take } from "./feed.ts";
import { LossWatch } from "./loss-watch.ts";
import type { SortedRows } from "./sorted-rows.ts";

export interface SessionParts {
  readonly output: Output;
  readonly timeline: Timeline;
  /** How a loss is shown among the rows; undefined where the output has none, and must not be broken. */
  readonly lost: Views["lost"] | undefined;
  /** Takes what is for people, a line each. */
  readonly say: (line: string) => void;
  /** Holds the rows back until the end. */
  readonly sorted?: SortedRows | undefined;
}

/** All that a running tool reports, on its way from the kernel to the output. */
export class Session implements Disposable {
  readonly #output: Output;
  readonly #timeline: Timeline;
  readonly #sorted: SortedRows | undefined;
  readonly #losses: LossWatch;
  readonly #headers = new Set<string>();
  readonly #feeds: Feed[] = [];
  #readings: EventReading[] = [];
  #events = 0;
  /** By map. */
  readonly #looks: number[] = [];
  #most = Number.POSITIVE_INFINITY;
  #onMost = () => {};
  #inBatch = false;

  constructor({ output, timeline, lost, say, sorted }: SessionParts) {
    this.#output = output;
    this.#timeline = timeline;
    this.#sorted = sorted;
    this.#losses = new LossWatch(
      () => this.#feeds.flatMap((feed) => feed.lost()),
      (loss) => {
        if (lost === undefined) {
          say(lossLine(loss));
          return true;
        }
        // A stuck reader gets one record of all that was lost once it reads again.
        if (output.full) return false;
        output.line(lost(loss));
        output.flush();
        return true;
      },
    );
    // A slow reader leaves events in the kernel's buffers, and the kernel side counts what does not fit.
    output.onDrain = () => this.#resume();
  }

  /** Adds a source. Its events arrive through what `taker` gave. */
  add(feed: Feed): void {
    this.#feeds.push(feed);
  }

  /** Shows the events of one kind, and the header for them at the start. `wanted`: which of them; all when left out. */
  taker(view: View, wanted?: (event: Parameters<Take>[0]) => boolean): Take {
    if (view.header !== undefined) this.#headers.add(view.header);
    const show: Take = (event) => {
      if (this.#events >= this.#most) return;
      if (!this.#inBatch) this.#beginBatch();
      if (++this.#events === this.#most) this.#end();
      if (this.#sorted !== undefined) this.#sorted.add(view, event);
      else {
        this.#output.line(view.row(event));
        if (this.#output.full) this.#pause();
      }
    };
    return wanted === undefined ? show : (event) => wanted(event) && show(event);
  }

  /** Shows looks at one map, each some lines; what is `owed` from earlier looks also when there were enough of them. */
  lookTaker(header: string | undefined): (lines: () => readonly Line[], owed?: boolean) => void {
    if (header !== undefined) this.#headers.add(header);
    const map = this.#looks.push(0) - 1;
    return (lines, owed = false) => {
      const looks = this.#looks[map] ?? 0;
      if (looks >= this.#most && !owed) return;
      this.#looks[map] = looks + 1;
      if (!this.#inBatch) this.#beginBatch();
      for (const line of lines())
        if (typeof line === "string") this.#output.line(line);
        else this.#output.bytes(line);
      if (this.#looks.every((looks) => looks >= this.#most)) this.#end();
    };
  }

  /** Shows so many events, or looks at each map, and no more; then calls `then`. */
  stopAfter(count: number, then: () => void): void {
    this.#most = count;
    this.#onMost = then;
  }

  get events(): number {
    return this.#events;
  }

  /** At maps; undefined when there are none to look at. */
  get looks(): number | undefined {
    return this.#looks.length === 0 ? undefined : Math.max(...this.#looks);
  }

  get lost(): bigint {
    return this.#losses.total;
  }

  /** The same, up to a second ago. */
  get lostSeen(): bigint {
    return this.#losses.seen;
  }

  /** Rows that were too many to sort. */
  get leftOut(): number {
    return this.#sorted?.leftOut ?? 0;
  }

  /** Shows the headers, then events as they come. @returns whether there was any header */
  start(): boolean {
    for (const header of this.#headers) this.#output.line(header);
    this.#output.flush();
    this.#resume();
    this.#losses.start();
    return this.#headers.size > 0;
  }

  /**
   * Shows what has arrived until now, and no more.
   * @param detach takes the programs off: when it has returned, no buffer gets any fuller
   */
  finish(detach: () => void): void {
    this.#pause();
    for (const feed of this.#feeds) if (feed.live) feed.drain();
    this.#output.flush();
    detach();
    for (const feed of this.#feeds) if (!feed.live) feed.drain();
    for (const row of this.#sorted?.take() ?? []) this.#output.line(row);
    this.#losses.stop();
  }

  [Symbol.dispose](): void {
    this.#pause();
    this.#losses.stop();
    for (const feed of this.#feeds.splice(0)) feed.close();
  }

  #resume(): void {
    if (this.#readings.length === 0) this.#readings = this.#feeds.map((feed) => feed.start());
  }

  #pause(): void {
    for (const reading of this.#readings.splice(0)) reading.close();
  }

  #end(): void {
    this.#pause();
    this.#onMost();
  }

  /** What arrives in one go has one time and becomes one write. */
  #beginBatch(): void {
    this.#inBatch = true;
    this.#timeline.newBatch();
    queueMicrotask(() => {
      this.#inBatch = false;
      this.#output.flush();
      if (this.#output.full) this.#pause();
    });
  }
}
