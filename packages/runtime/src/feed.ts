import {
  type BpfObject,
  type BpfValue,
  decoderOf,
  EventMap,
  type EventOptions,
  type EventReading,
  findLostCounter,
  hostKernel,
  NotImplementedError,
  PerfBuffer,
  PrintkReader,
} from "@skep/bpf";
import type { EventSource } from "./event-types.ts";
import { bytesEvent, PRINTK_SHAPE, shapesOf, type View, type ViewOptions, viewOf } from "./views.ts";

/** Takes an event and how it is shown. */
export type Show = (view: View, event: BpfValue) => void;

/** One source of events: a buffer of the object, or what its programs print. */
export interface Feed {
  readonly views: readonly View[];
  /** Events are shown from now on, until the reading is closed. */
  start(): EventReading;
  /** Shows what is there now. */
  drain(): void;
  /** Events that never arrived. Sources that share a counter give the same `counter`. */
  lost(): { readonly counter: string; readonly count: bigint };
  close(): void;
}

/** @throws {SyscallError} {NotImplementedError} */
export function bufferFeed(object: BpfObject, source: EventSource, options: ViewOptions, show: Show): Feed {
  const map = object.map(source.map);
  if (!(map instanceof EventMap))
    throw new NotImplementedError(`map ${source.map} cannot be read as events`, "export another map");
  // What programs send before a perf buffer is open is gone.
  if (map instanceof PerfBuffer) map.open();
  const views = shapesOf(object.btf, source).map((shape) => viewOf(source.map, shape, options));
  const { eventOptions, emit } = reader(object, source, views, show);
  const own =
    source.kind === "perf" || object.variables.has(`${map.name}_lost`) || object.maps.has(`${map.name}_lost`);
  const counter = findLostCounter(map.name, object.maps.values(), [
    { names: object.variables.names(), get: (name) => object.variables.get(name) },
  ]);
  return {
    views,
    start: () => map.consume(emit, eventOptions),
    drain: () => void map.drain(emit, eventOptions),
    lost: () => ({
      counter: own ? map.name : "lost_events",
      count: (source.kind === "perf" ? map.lost : counter?.read()) ?? 0n,
    }),
    close: () => map.close(),
  };
}

function reader(
  object: BpfObject,
  source: EventSource,
  views: readonly View[],
  show: Show,
): { readonly eventOptions: EventOptions; readonly emit: (event: never) => void } {
  const view = views[0]!;
  const { btf } = object;
  const [typeId] = source.typeIds;
  if (btf === undefined || typeId === undefined)
    return { eventOptions: {}, emit: (record: Uint8Array) => show(view, bytesEvent(record)) };
  if (source.typeIds.length === 1)
    return { eventOptions: { type: { btf, typeId } }, emit: (event: BpfValue) => show(view, event) };
  // Several structs in one buffer: the size of a record tells which it is.
  const kinds = source.typeIds.map((id, index) => ({ decoder: decoderOf(btf, id), view: views[index]! }));
  return {
    eventOptions: {},
    emit: (record: Uint8Array) => {
      const kind = kinds.find(({ decoder }) => decoder.size === record.length);
      if (kind === undefined) return show({ header: undefined, row: view.row }, bytesEvent(record));
      const bytes = new DataView(record.buffer, record.byteOffset, record.byteLength);
      show(kind.view, kind.decoder.decode(bytes, 0, record.length));
    },
  };
}

/** @throws {UnsupportedError} before Linux 5.9 */
export function printkFeed(object: BpfObject, options: ViewOptions, show: Show): Feed {
  const view = viewOf("printk", PRINTK_SHAPE, options);
  const programs = [...object.programs.values()].map(({ fd }) => fd);
  const printk = new PrintkReader(hostKernel(), programs);
  const emit = ({ pid, text }: { readonly pid: number; readonly text: string }) =>
    show(view, { pid, message: text });
  return {
    views: [view],
    start: () => printk.consume(emit),
    drain: () => printk.drain(emit),
    lost: () => ({ counter: "printk", count: printk.lost }),
    close: () => printk[Symbol.dispose](),
  };
}
