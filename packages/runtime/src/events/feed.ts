import {
  type BpfObject,
  type BpfValue,
  decoderOf,
  EventMap,
  type EventOptions,
  type EventReading,
  hostKernel,
  NotImplementedError,
  PerfBuffer,
  type PrintkLine,
  PrintkReader,
} from "@skep/bpf";
import type { EventSource } from "./event-types.ts";
import { bytesEvent } from "./kinds.ts";

/** Takes the events of one kind. */
export type Take = (event: BpfValue) => void;

/** One source of events: a buffer of the object, or what its programs print. */
export interface Feed {
  /**
   * To be drained for the last time while all programs are attached: they are taken off one by one, and what puts entries into a map
   * may outlast what takes them out.
   */
  readonly live: boolean;
  /** Events are shown from now on, until the reading is closed. */
  start(): EventReading;
  /** Shows what is there now. */
  drain(): void;
  /** Events that never arrived. */
  lost(): readonly LostEvents[];
  close(): void;
}

export interface LostEvents {
  /** Sources that share a counter give the same name. */
  readonly counter: string;
  /** Since the start. */
  readonly count: bigint;
  /** Where they were lost: `ring buffer events was full`. */
  readonly cause: string;
}

/**
 * `takes`: one for each kind that `kindsOf` gives.
 * @throws {SyscallError} {NotImplementedError}
 */
export function bufferFeed(object: BpfObject, source: EventSource, takes: readonly Take[]): Feed {
  const map = object.map(source.map);
  if (!(map instanceof EventMap))
    throw new NotImplementedError(`map ${source.map} cannot be read as events`, "export another map");
  // What programs send before a perf buffer is open is gone.
  if (map instanceof PerfBuffer) map.open();
  const { eventOptions, emit } = reader(object, source, takes);
  const own =
    source.kind === "perf" || object.variables.has(`${map.name}_lost`) || object.maps.has(`${map.name}_lost`);
  return {
    live: false,
    start: () => map.consume(emit, eventOptions),
    drain: () => void map.drain(emit, eventOptions),
    lost: () => [
      {
        counter: own ? map.name : "lost_events",
        count: map.lost ?? 0n,
        cause: own ? `${source.kind} buffer ${map.name} was full` : "the program could not send them",
      },
      {
        counter: `${map.name} malformed`,
        count: BigInt(map.counters.malformed),
        cause: `records of ${map.name} are shorter than their type`,
      },
    ],
    close: () => map.close(),
  };
}

function reader(
  object: BpfObject,
  source: EventSource,
  takes: readonly Take[],
): { readonly eventOptions: EventOptions; readonly emit: (event: never) => void } {
  const { btf } = object;
  const [typeId, ...more] = source.typeIds;
  const takeBytes = takes.at(-1)!;
  if (btf === undefined || typeId === undefined)
    return { eventOptions: {}, emit: (record: Uint8Array) => takeBytes(bytesEvent(record)) };
  if (more.length === 0) return { eventOptions: { type: { btf, typeId } }, emit: takes[0]! };
  // Several structs in one buffer: the size of a record tells which it is.
  const kinds = source.typeIds.map((id, index) => ({ decoder: decoderOf(btf, id), take: takes[index]! }));
  return {
    eventOptions: {},
    emit: (record: Uint8Array) => {
      const kind = kinds.find(({ decoder }) => decoder.size === record.length);
      if (kind === undefined) return takeBytes(bytesEvent(record));
      const bytes = new DataView(record.buffer, record.byteOffset, record.byteLength);
      kind.take(kind.decoder.decode(bytes, 0, record.length));
    },
  };
}

/** @throws {UnsupportedError} before Linux 5.9 */
export function printkFeed(object: BpfObject, take: Take): Feed {
  const programs = [...object.programs.values()].map(({ fd }) => fd);
  const printk = new PrintkReader(hostKernel(), programs);
  const emit = ({ pid, text, time }: PrintkLine) => take({ pid, message: text, time });
  return {
    live: false,
    start: () => printk.consume(emit),
    drain: () => printk.drain(emit),
    lost: () => [{ counter: "printk", count: printk.lost, cause: "lines were printed too fast" }],
    close: () => printk[Symbol.dispose](),
  };
}
