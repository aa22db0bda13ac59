import type { Feed } from "../events/feed.ts";
import type { Entry } from "./map-reader.ts";
import { Ticker } from "./ticker.ts";

/** A map, read and put in order. */
export interface SampleSource {
  /** Milliseconds. */
  readonly interval: number;
  /** @throws {SyscallError} */
  read(): readonly Entry[];
  /** `last`: nothing follows, and a look that found nothing need not be shown. */
  show(entries: readonly Entry[], last: boolean): void;
  /** Counted by the programs: what found no place in a map. */
  lost(): bigint;
  close(): void;
}

/** Looks at a map every interval, and at the end at what came since the last look. */
export function sampleFeed(source: SampleSource): Feed {
  const look = (last: boolean) => source.show(source.read(), last);
  const ticker = new Ticker(source.interval, () => look(false));
  return {
    live: true,
    start() {
      ticker.start();
      const close = () => ticker.stop();
      return { close, [Symbol.dispose]: close };
    },
    drain: () => look(true),
    lost: () => [{ counter: "lost_events", count: source.lost(), cause: "the program could not count them" }],
    close() {
      ticker.stop();
      source.close();
    },
  };
}
