import type { EventReading } from "@skep/bpf";
import type { Feed, Take } from "./feed.ts";
import type { Output } from "./output.ts";
import type { Timeline } from "./timeline.ts";
import type { View } from "./view.ts";

/** All that a running tool reports, on its way from the kernel to the output. */
export class Session implements Disposable {
  readonly #output: Output;
  readonly #timeline: Timeline;
  readonly #headers = new Set<string>();
  readonly #feeds: Feed[] = [];
  #readings: EventReading[] = [];
  #events = 0;
  #inBatch = false;

  constructor(output: Output, timeline: Timeline) {
    this.#output = output;
    this.#timeline = timeline;
    // A slow reader leaves events in the kernel's buffers, and the kernel side counts what does not fit.
    output.onDrain = () => this.#resume();
  }

  /** Adds a source. Its events arrive through what `taker` gave. */
  add(feed: Feed): void {
    this.#feeds.push(feed);
  }

  /** Shows the events of one kind, and the header for them at the start. */
  taker(view: View): Take {
    if (view.header !== undefined) this.#headers.add(view.header);
    return (event) => {
      if (!this.#inBatch) this.#beginBatch();
      this.#events++;
      this.#output.line(view.row(event));
    };
  }

  get events(): number {
    return this.#events;
  }

  get lost(): bigint {
    const counters = new Map(
      this.#feeds.map((feed) => feed.lost()).map(({ counter, count }) => [counter, count]),
    );
    return [...counters.values()].reduce((sum, count) => sum + count, 0n);
  }

  /** Shows the headers, then events as they come. @returns whether there was any header */
  start(): boolean {
    for (const header of this.#headers) this.#output.line(header);
    this.#output.flush();
    this.#resume();
    return this.#headers.size > 0;
  }

  /** Shows what has arrived until now, and no more. */
  finish(): void {
    this.#pause();
    for (const feed of this.#feeds) feed.drain();
  }

  [Symbol.dispose](): void {
    this.#pause();
    for (const feed of this.#feeds.splice(0)) feed.close();
  }

  #resume(): void {
    if (this.#readings.length === 0) this.#readings = this.#feeds.map((feed) => feed.start());
  }

  #pause(): void {
    for (const reading of this.#readings.splice(0)) reading.close();
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
