import {
  type BpfMap,
  type BpfObject,
  EventMap,
  NotFoundError,
  open,
  PerfBuffer,
  SyscallError,
} from "@skep/bpf";
import type { OnProblem } from "../on-problem.ts";
import { EBADF, EINTR, EINVAL, ENODEV, ENOENT, type HostReply, type MapOperation } from "../protocol.ts";
import { attachOptionsOf } from "./attach-target.ts";
import { EventQueue, type Events } from "./event-queue.ts";
import { mapShape, operateMap } from "./raw-map.ts";

/** The eBPF objects of one guest, and what the functions of `wasm_bpf` do with them. Owns them all. */
export class GuestObjects implements Disposable {
  readonly #objects = new Map<bigint, BpfObject>();
  readonly #maps = new Map<number, BpfMap>();
  readonly #queues = new Map<number, EventQueue>();
  readonly #problem: OnProblem;
  /** Events that found no room in perf buffers of objects that are closed. */
  #lost = 0n;
  #next = 1n;

  constructor(problem: OnProblem) {
    this.#problem = problem;
  }

  /** Answers the object's number, from 1; 0 when it cannot be loaded. */
  load(bytes: Uint8Array): HostReply {
    try {
      const onWarning = (message: string) => this.#problem("wasm_load_bpf_object", message);
      const object = open(bytes).load({ onWarning });
      const id = this.#next++;
      this.#objects.set(id, object);
      for (const map of object.maps.values()) this.#maps.set(map.fd.raw, map);
      return { status: Number(id) };
    } catch (error) {
      this.#problem("wasm_load_bpf_object", error);
      return { status: 0 };
    }
  }

  /** Detaches and unloads: 0, or -1 when there is no such object. */
  close(id: bigint): HostReply {
    const object = this.#objects.get(id);
    if (object === undefined) return { status: -1 };
    this.#objects.delete(id);
    this.#close(object);
    return { status: 0 };
  }

  /** 0, -1, or -ENODEV when there is no such network interface. */
  attach(id: bigint, name: string, target: string | undefined): HostReply {
    const object = this.#objects.get(id);
    if (object === undefined) return { status: -1 };
    try {
      const program = object.program(name);
      const options = attachOptionsOf(program, target);
      // What perf buffers are sent before they are open is gone.
      for (const map of object.maps.values()) if (map instanceof PerfBuffer) map.open();
      try {
        program.attach(options);
      } catch (error) {
        this.#problem("wasm_attach_bpf_program", error);
        const noInterface = options.interface !== undefined && error instanceof NotFoundError;
        return { status: noInterface ? -ENODEV : -1 };
      }
      return { status: 0 };
    } catch (error) {
      this.#problem("wasm_attach_bpf_program", error);
      return { status: -1 };
    }
  }

  /** The map's descriptor, or -1. */
  map(id: bigint, name: string): HostReply {
    const object = this.#objects.get(id);
    const map = object && (object.maps.get(name) ?? dataMap(object, name));
    if (map === undefined) return { status: -1 };
    const shape = mapShape(map);
    return { status: shape.fd, map: shape };
  }

  operate(operation: MapOperation): HostReply {
    const map = this.#maps.get(operation.fd);
    if (map === undefined) return { status: -EBADF };
    try {
      return operateMap(map, operation);
    } catch (error) {
      return { status: statusOf(error) };
    }
  }

  /** Events, and 0; or -1 (no such object), -ENOENT (no such map), -EINVAL (no buffer), -EINTR. */
  async poll(
    id: bigint,
    fd: number,
    timeout: number,
    interrupt: { readonly happened: boolean; readonly promise: Promise<void> },
  ): Promise<HostReply> {
    if (!this.#objects.has(id)) return { status: -1 };
    const map = this.#maps.get(fd);
    if (map === undefined) return { status: -ENOENT };
    if (!(map instanceof EventMap)) return { status: -EINVAL };
    try {
      const taken = await this.#queueOf(fd, map).take(timeout, interrupt.promise);
      if (taken.events.length === 0 && interrupt.happened) return { status: -EINTR };
      return packed(taken);
    } catch (error) {
      this.#problem("wasm_bpf_buffer_poll", error);
      return { status: statusOf(error) };
    }
  }

  /** Events that perf buffers had no room for, as far as the kernel has said. */
  get lost(): bigint {
    let lost = this.#lost;
    for (const map of this.#maps.values()) if (map instanceof PerfBuffer) lost += map.lost;
    return lost;
  }

  [Symbol.dispose](): void {
    for (const id of [...this.#objects.keys()].reverse()) this.close(id);
  }

  #queueOf(fd: number, map: EventMap): EventQueue {
    const known = this.#queues.get(fd);
    if (known !== undefined) return known;
    const queue = new EventQueue(map);
    this.#queues.set(fd, queue);
    return queue;
  }

  #close(object: BpfObject): void {
    for (const map of object.maps.values()) {
      if (map instanceof PerfBuffer) this.#lost += map.lost;
      this.#maps.delete(map.fd.raw);
      this.#queues.delete(map.fd.raw);
    }
    object.close();
  }
}

/** libbpf finds global data by its section as well as by the map's full name (tools/lib/bpf, bpf_object__find_map_by_name). */
function dataMap(object: BpfObject, name: string): BpfMap | undefined {
  const section = name.slice(name.indexOf("."));
  if (!section.startsWith(".")) return undefined;
  return [...object.maps.values()].find((map) => map.name.endsWith(section) && map.name.includes("."));
}

function packed({ events, more }: Events): HostReply {
  const sizes = Uint32Array.from(events, (event) => event.length);
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  let at = 0;
  for (const event of events) {
    bytes.set(event, at);
    at += event.length;
  }
  return { status: 0, bytes, sizes, more };
}

function statusOf(error: unknown): number {
  return error instanceof SyscallError ? -error.errno : -EINVAL;
}
