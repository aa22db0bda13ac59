import { decoderOf } from "../codec/decoder.ts";
import { type RecordView, viewOf } from "../codec/view.ts";
import { InvalidArgumentError } from "../errors.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Mapping } from "../linux/kernel.ts";
import { PERF_EVENT_IOC_ENABLE } from "../linux/perf-event.ts";
import type { DrainEnd } from "./adaptive-wait.ts";
import {
  type Drain,
  type EventCallback,
  type EventCounters,
  EventMap,
  type EventOptions,
} from "./event-map.ts";
import { lostSamples, openOutputEvent } from "./output-event.ts";
import { PerfRing, type PerfSample } from "./perf-records.ts";

const DEFAULT_BYTES = 256 * 1024;

interface OpenRing extends PerfRing {
  readonly fd: OwnedFd;
  readonly mapping: Mapping;
}

type Emit = (event: unknown, cpu: number | undefined) => void;
/** Makes an event of a sample and hands it over; false when the sample is too short for its type. */
type Hand = (sample: PerfSample, cpu: number, emit: Emit) => boolean;

/**
 * What programs send with bpf_perf_event_output(): a ring for each CPU. Within one reading, events of all CPUs come in the
 * order of their times; what arrives between two readings may be late. Events that find no room are counted by the
 * kernel, and so is `lost`. Sizes include up to 7 bytes of padding. Prefer a ring buffer on 5.8 and newer.
 * @kernel 4.4, BPF_MAP_TYPE_PERF_EVENT_ARRAY (kernel/bpf/arraymap.c)
 */
export class PerfBuffer extends EventMap {
  #rings: OpenRing[] | undefined;
  #events = 0;
  #malformed = 0;
  #lostBefore = 0n;
  #stop = false;

  /**
   * Makes the rings, `bytes` (rounded up to a power of two of pages) for each CPU that is online. Reading does it too, but
   * what programs send before that is gone: open first, then attach. Does nothing when open.
   * @throws {SyscallError} {InvalidArgumentError}
   */
  open(options: { readonly bytes?: number } = {}): void {
    if (this.#rings !== undefined) return;
    const { bytes = DEFAULT_BYTES } = options;
    if (!(bytes > 0 && bytes <= 2 ** 30))
      throw new InvalidArgumentError(`${bytes} bytes for each CPU`, "choose from a page to 1 GiB");
    const pages = 2 ** Math.ceil(Math.log2(Math.max(1, bytes / this.kernel.pageSize)));
    const rings: OpenRing[] = [];
    try {
      for (const cpu of this.kernel.onlineCpus()) {
        const ring = this.#openRing(cpu, pages);
        if (ring !== undefined) rings.push(ring);
      }
    } catch (error) {
      for (const ring of rings) closeRing(ring);
      throw this.failure("opening perf buffers of", error);
    }
    this.#rings = rings;
  }

  get counters(): EventCounters {
    return { events: this.#events, discarded: 0, malformed: this.#malformed };
  }

  /**
   * Events that the kernel found no room for, up to now. Before Linux 6.0 the kernel tells of them with the next event that
   * fits only: as far as the rings have been read, and without those at the end of a burst.
   */
  override get lost(): bigint {
    return this.lostPerCpu.reduce((sum, { lost }) => sum + lost, this.#lostBefore);
  }

  /** The same for each CPU, of the rings that are open; what earlier rings lost is in `lost` only. */
  get lostPerCpu(): readonly { readonly cpu: number; readonly lost: bigint }[] {
    return (this.#rings ?? []).map((ring) => ({
      cpu: ring.cpu,
      lost: lostSamples(this.kernel, ring.fd) ?? ring.lost,
    }));
  }

  protected prepare(options: EventOptions): Drain {
    this.open();
    const hand = handOf(options);
    return (emit, limit) => this.#drain(hand, emit as EventCallback<unknown>, limit);
  }

  protected readableFds(): readonly number[] {
    return (this.#rings ?? []).map(({ fd }) => fd.raw);
  }

  protected stopDraining(): void {
    this.#stop = true;
  }

  protected release(): void {
    this.#lostBefore = this.lost;
    for (const ring of this.#rings ?? []) closeRing(ring);
    this.#rings = undefined;
  }

  /** Merges the rings by the times of their samples. */
  #drain(hand: Hand, emit: Emit, limit: number): DrainEnd {
    const rings = this.#rings ?? [];
    this.#stop = false;
    for (const ring of rings) ring.look();
    const counted: Emit = (event, cpu) => {
      this.#events++;
      emit(event, cpu);
    };
    const waiting: { readonly ring: PerfRing; time: bigint }[] = [];
    try {
      for (const ring of rings) {
        const time = ring.nextTime();
        if (time !== undefined) waiting.push({ ring, time });
      }
      for (let count = 0; waiting.length > 0 && !this.#stop; count++) {
        if (count >= limit) return "limit";
        const next = waiting.reduce((first, other) => (other.time < first.time ? other : first));
        if (!hand(next.ring.take(), next.ring.cpu, counted)) this.#malformed++;
        const time = next.ring.nextTime();
        if (time === undefined) waiting.splice(waiting.indexOf(next), 1);
        else next.time = time;
      }
      return "empty";
    } finally {
      for (const ring of rings) ring.publish();
    }
  }

  #openRing(cpu: number, pages: number): OpenRing | undefined {
    const { kernel } = this;
    const fd = openOutputEvent(kernel, cpu);
    if (fd === undefined) return undefined;
    let mapping: Mapping | undefined;
    try {
      mapping = kernel.map({ fd, length: (1 + pages) * kernel.pageSize, writable: true });
      kernel.ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
      kernel.bpf.mapUpdate(this.fd, word(cpu), word(fd.raw));
    } catch (error) {
      mapping?.[Symbol.dispose]();
      fd.close();
      throw error;
    }
    return Object.assign(new PerfRing(cpu, mapping.buffer, kernel.pageSize), { fd, mapping });
  }
}

function closeRing(ring: OpenRing): void {
  ring.mapping[Symbol.dispose]();
  ring.fd.close();
}

function handOf({ type, as = "object", integers64 = "bigint" }: EventOptions): Hand {
  if (type === undefined)
    return ({ view, data, length }, cpu, emit) => {
      emit(new Uint8Array(view.buffer, view.byteOffset + data, length).slice(), cpu);
      return true;
    };
  if (as === "view") return handView(viewOf(type.btf, type.typeId, { integers64 }));
  const decoder = decoderOf(type.btf, type.typeId, { integers64 });
  return ({ view, data, length }, cpu, emit) => {
    if (length < decoder.size) return false;
    emit(decoder.decode(view, data, length), cpu);
    return true;
  };
}

function handView(shown: RecordView): Hand {
  return ({ view, data, length }, cpu, emit) => {
    if (length < shown.size) return false;
    shown.bind(view, data, length);
    try {
      emit(shown.record, cpu);
    } finally {
      shown.release();
    }
    return true;
  };
}

function word(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}
