import type { EventMap } from "@skep/bpf";

/** Events that one answer carries at most. */
const BATCH = 512;

export interface Events {
  readonly events: readonly Uint8Array[];
  /** There may be more already. */
  readonly more: boolean;
}

/**
 * Events of one buffer for a guest that polls. What the guest has not asked for stays in the kernel, but for one batch that
 * arrives when nobody waits any more.
 */
export class EventQueue {
  readonly #map: EventMap;
  readonly #reading: AsyncGenerator<Uint8Array[], void, undefined>;
  #ahead: Uint8Array[] = [];
  #arrival: Promise<void> | undefined;
  #failure: unknown;

  constructor(map: EventMap) {
    this.#map = map;
    this.#reading = map.batches<Uint8Array>();
  }

  /**
   * Waits until there are events, until `timeout` milliseconds are over (never when negative), or until `interrupt`.
   * @throws what reading the map throws
   */
  async take(timeout: number, interrupt: Promise<void>): Promise<Events> {
    const ready = this.#ready();
    if (ready.events.length > 0 || timeout === 0) return ready;
    let timer: NodeJS.Timeout | undefined;
    const waits = [this.#arrived(), interrupt];
    if (timeout > 0)
      waits.push(
        new Promise((resolve) => {
          timer = setTimeout(resolve, timeout);
        }),
      );
    await Promise.race(waits);
    clearTimeout(timer);
    return this.#ready();
  }

  #ready(): Events {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#ahead.length > 0) {
      const events = this.#ahead;
      this.#ahead = [];
      return { events, more: true };
    }
    const events: Uint8Array[] = [];
    this.#map.drain<Uint8Array>((event) => events.push(event), { limit: BATCH });
    return { events, more: events.length === BATCH };
  }

  #arrived(): Promise<void> {
    this.#arrival ??= this.#reading.next().then(
      ({ value }) => {
        this.#arrival = undefined;
        if (value) this.#ahead = value;
      },
      (error: unknown) => {
        this.#failure = error;
      },
    );
    return this.#arrival;
  }
}
