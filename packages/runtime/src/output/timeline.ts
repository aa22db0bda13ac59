import type { BpfValue } from "@skep/bpf";
import type { Machine } from "../formats/machine.ts";
import { WallClock } from "../formats/wall-clock.ts";
import { clockText, isoText } from "./clock-text.ts";
import type { Column } from "./columns.ts";

/** What `--timestamp` may say. */
export const TIME_KINDS = ["wall", "delta", "mono", "none"] as const;
export type TimeKind = (typeof TIME_KINDS)[number];

/** The time of events, as text. `json` is a JSON value. */
export interface Stamp {
  readonly header: string;
  readonly width: number;
  text(event: BpfValue): string;
  json(event: BpfValue): string;
  /** The same as `json`, of a time that no event has (wall-clock, nanoseconds); `null` where it cannot be said. */
  mark(time: bigint): string;
}

const SECOND = 1_000_000_000n;

/**
 * When events happened. An event that carries its own time (a member with `@format timestamp`) happened then; for others it
 * is when they were read. All kinds of events of a run share one timeline, so that `delta` is the time since the row above.
 */
export class Timeline {
  readonly #machine: Machine;
  readonly #wallClock: WallClock;
  #arrival = 0n;
  #arrived = false;
  #previous: bigint | undefined;
  #second = -1;
  #secondText = "";

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#wallClock = new WallClock(machine);
  }

  /** What is shown from now on was read now. */
  newBatch(): void {
    this.#arrived = false;
  }

  /** How the events of a kind are stamped. Without `kind` as people want it at a glance: `HH:MM:SS`. */
  stamp(kind: TimeKind | undefined, own: Column | undefined): Stamp | undefined {
    if (kind === "none") return undefined;
    const wall = this.#wallOf(own);
    if (kind === undefined)
      return { header: "TIME", width: 8, text: (event) => this.#clock(wall(event)), ...iso(wall) };
    if (kind === "wall")
      return {
        header: "TIME",
        width: 18,
        text: (event) => {
          const time = wall(event);
          return `${this.#clock(time)}.${String(time % SECOND).padStart(9, "0")}`;
        },
        ...iso(wall),
      };
    if (kind === "delta")
      return {
        header: "DELTA(s)",
        width: 13,
        text: (event) => secondsText(this.#sincePrevious(wall(event)), 13),
        json: (event) => String(this.#sincePrevious(wall(event))),
        mark: () => "null",
      };
    const mono = (event: BpfValue) => wall(event) - this.#wallClock.offset("monotonic");
    return {
      header: "MONO(s)",
      width: 17,
      text: (event) => secondsText(mono(event), 17),
      json: (event) => String(mono(event)),
      mark: (time) => String(time - this.#wallClock.offset("monotonic")),
    };
  }

  /** The moment of reading, CLOCK_REALTIME in nanoseconds. */
  get arrival(): bigint {
    if (!this.#arrived) {
      this.#arrival = this.#machine.now("wall");
      this.#arrived = true;
    }
    return this.#arrival;
  }

  #wallOf(own: Column | undefined): (event: BpfValue) => bigint {
    const time = own?.time;
    if (own === undefined || time === undefined) return () => this.arrival;
    return (event) => {
      const value = own.value(event);
      return value === null ? this.arrival : this.#wallClock.at(time.nanoseconds(value), time.clock);
    };
  }

  #sincePrevious(time: bigint): bigint {
    const delta = this.#previous === undefined ? 0n : time - this.#previous;
    this.#previous = time;
    return delta;
  }

  /** Local time of day. Rows of the same second share the text. */
  #clock(time: bigint): string {
    const second = Number(time / SECOND);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = clockText(new Date(second * 1000));
    }
    return this.#secondText;
  }
}

function iso(wall: (event: BpfValue) => bigint): Pick<Stamp, "json" | "mark"> {
  const mark = (time: bigint) => `"${isoText(time)}"`;
  return { mark, json: (event) => mark(wall(event)) };
}

/** `12.000000345`, right-aligned. */
function secondsText(nanoseconds: bigint, width: number): string {
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const text = `${nanoseconds < 0n ? "-" : ""}${size / SECOND}.${String(size % SECOND).padStart(9, "0")}`;
  return text.padStart(width);
}
