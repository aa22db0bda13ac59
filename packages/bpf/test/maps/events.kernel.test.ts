import { getEventListeners } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { codecOf } from "../../src/codec/codec.ts";
import { ClosedError, InvalidArgumentError, NotFoundError } from "../../src/errors.ts";
import { EINVAL } from "../../src/linux/errno.ts";
import { HostKernel } from "../../src/linux/host-kernel.ts";
import { hostKernel, type Kernel } from "../../src/linux/kernel.ts";
import { koffiNative } from "../../src/linux/koffi.ts";
import { syscallNumbers } from "../../src/linux/syscalls.ts";
import { GlobalDataMap } from "../../src/maps/global-data.ts";
import { LocalStorageMap } from "../../src/maps/local-storage.ts";
import type { PerCpuArrayMap } from "../../src/maps/per-cpu.ts";
import type { PerfBuffer } from "../../src/maps/perf-buffer.ts";
import type { RingBuffer } from "../../src/maps/ring-buffer.ts";
import type { StackTraceMap } from "../../src/maps/stack-trace.ts";
import { createStandaloneMap, openMapById } from "../../src/maps/standalone.ts";
import type { UserRingBuffer } from "../../src/maps/user-ring-buffer.ts";
import type { BpfObject } from "../../src/object/bpf-object.ts";
import { open } from "../../src/object.ts";
import { BPF_MAP_TYPE_QUEUE } from "../../src/spec/map-types.ts";
import { compileFixture } from "../compile-fixture.ts";

const kernel = hostKernel();
const object = compileFixture("events.bpf.c");
const RING_BYTES = 65536;
const RECORD = 72;

interface Event {
  readonly seq: bigint;
  readonly pid: number;
  readonly comm: string;
  readonly delta: bigint;
}

const loadedObjects: BpfObject[] = [];
beforeEach((ctx) => {
  if (kernel.version < 0x06_01_00) ctx.skip("the programs use helpers up to Linux 6.1");
});
afterEach(() => {
  for (const loaded of loadedObjects.splice(0)) loaded.close();
});

function load(on: Kernel = kernel) {
  const loaded = open(object, { name: "events" }).load({ kernel: on });
  loadedObjects.push(loaded);
  const btf = loaded.btf!;
  const type = { btf, typeId: btf.find("event") ?? 0 };
  const run = (name: string, contextIn: Uint8Array) =>
    kernel.bpf.progTestRun({ program: loaded.program(name).fd, contextIn });
  const send = (count: number, discardEvery = 0, shortEvery = 0) =>
    run("send", new Uint8Array(Uint32Array.of(count, discardEvery, shortEvery).buffer));
  const onCpu = (name: string, cpu: number) =>
    kernel.bpf.progTestRun({
      program: loaded.program(name).fd,
      contextIn: new Uint8Array(16),
      flags: 1,
      cpu,
    });
  return { loaded, type, run, send, onCpu, ring: loaded.map("ring") as RingBuffer };
}

it("drains what a program submitted, in order, across the end of the ring many times", () => {
  const { ring, send, type } = load();
  let expected = 0n;
  for (let round = 0; round < 30; round++) {
    send(500);
    const count = ring.drain<Event>(
      (event) => {
        expect(event.seq).toBe(expected++);
        expect(event).toMatchObject({ pid: process.pid, delta: -event.seq });
      },
      { type },
    );
    expect(count).toBe(500);
  }
  expect(ring.pending).toBe(0);
  expect(ring.counters).toEqual({ events: 15_000, discarded: 0, malformed: 0 });
});

it("skips what was discarded, counts what is too short", () => {
  const { ring, send, type } = load();
  send(100, 4);
  expect(ring.drain(() => {}, { type })).toBe(75);
  send(100, 0, 10);
  expect(ring.drain(() => {}, { type })).toBe(90);
  expect(ring.counters).toEqual({ events: 165, discarded: 25, malformed: 10 });
});

it("counts what found no room, when the program does", () => {
  const { ring, send, type } = load();
  expect(ring.lost).toBe(0n);
  send(2000);
  const room = Math.floor(RING_BYTES / RECORD);
  expect(ring.drain(() => {}, { type })).toBe(room);
  expect(ring.lost).toBe(BigInt(2000 - room));
});

it("reads views and bytes like objects", () => {
  const { ring, send, type } = load();
  send(3);
  const seen: unknown[] = [];
  ring.drain<Event>((event) => seen.push([event.seq, event.comm.length > 0, event.pid]), {
    type,
    as: "view",
  });
  expect(seen).toEqual([0n, 1n, 2n].map((seq) => [seq, true, process.pid]));
  send(1);
  ring.drain<Uint8Array>((bytes) => expect(new DataView(bytes.buffer).getBigUint64(0, true)).toBe(3n));
});

it("delivers to a callback from the event loop, before and after pauses", async () => {
  const { ring, send, type } = load();
  const seen: bigint[] = [];
  send(2);
  const reading = ring.consume<Event>((event) => seen.push(event.seq), { type });
  expect(() => ring.consume(() => {})).toThrow(InvalidArgumentError);
  for (let round = 1; round <= 5; round++) {
    const wanted = 2 + round * 100;
    await sleep(round * 5);
    send(100);
    while (seen.length < wanted) await sleep(1);
  }
  reading.close();
  send(1);
  await sleep(20);
  expect(seen).toEqual(Array.from({ length: 502 }, (_, seq) => BigInt(seq)));
});

it("ends a reading inside its callback, and leaves the rest in the ring", async () => {
  const { ring, send, type } = load();
  const seen: bigint[] = [];
  await new Promise<void>((resolve) => {
    const reading = ring.consume<Event>(
      ({ seq }) => {
        seen.push(seq);
        if (seen.length < 10) return;
        reading.close();
        resolve();
      },
      { type },
    );
    send(100);
  });
  expect(seen).toHaveLength(10);
  expect(ring.drain<Event>(({ seq }) => seen.push(seq), { type })).toBe(90);
  expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => BigInt(index)));
});

it("loops over events until told to stop, and keeps the rest in the ring", async () => {
  const { ring, send, type } = load();
  send(10);
  const stop = new AbortController();
  const seen: bigint[] = [];
  setTimeout(() => send(5), 10);
  for await (const event of ring.events<Event>({ type, signal: stop.signal })) {
    seen.push(event.seq);
    if (seen.length === 15) stop.abort();
  }
  expect(seen).toHaveLength(15);
  send(3);
  for await (const event of ring.events<Event>({ type })) {
    expect(event.seq).toBe(15n);
    break;
  }
  expect(ring.drain(() => {})).toBe(0);
});

it("leaves events in the kernel's buffer while the reader is slow", async () => {
  const { ring, send, type } = load();
  const batches = ring.batches<Event>({ type });
  send(900);
  const first = await batches.next();
  expect(first.value).toHaveLength(900);
  send(700);
  await sleep(30);
  expect(ring.pending).toBe(700 * RECORD);
  expect((await batches.next()).value).toHaveLength(700);
  await batches.return();
});

it("ends at once while it waits, when it is told to or is a stream that is destroyed", async () => {
  const { ring, send, type } = load();
  const one = ring.events<Event>({ type });
  const waiting = one.next();
  await sleep(5);
  await one.return();
  expect(await waiting).toEqual({ value: undefined, done: true });
  const many = ring.batches<Event>({ type });
  const next = many.next();
  await sleep(5);
  await expect(many.throw(new Error("enough"))).rejects.toThrow("enough");
  expect(await next).toEqual({ value: undefined, done: true });
  const stream = Readable.from(ring.events<Event>({ type }));
  const seen: Event[] = [];
  stream.on("data", (event) => seen.push(event));
  send(5);
  while (seen.length < 5) await sleep(1);
  stream.destroy();
  await sleep(5);
  using _again = ring.consume(() => {}, { type });
});

it("ends a loop when the map is closed", async () => {
  const { ring, send, type } = load();
  setTimeout(() => ring.close(), 20);
  send(1);
  let count = 0;
  for await (const _ of ring.events({ type })) count++;
  expect(count).toBe(1);
  expect(() => ring.drain(() => {})).toThrow(ClosedError);
});

it("can be closed and refuses to be read from its own callback", () => {
  const { ring, send, type } = load();
  send(5);
  let seen = 0;
  ring.drain(
    () => {
      seen++;
      expect(() => ring.drain(() => {})).toThrow(InvalidArgumentError);
      if (seen === 2) ring.close();
    },
    { type },
  );
  expect(seen).toBe(2);
  expect(() => ring.drain(() => {})).toThrow(ClosedError);
});

it("reads on at once after what a callback throws, also an error of this library", async () => {
  const { ring, send, type } = load();
  const closed = createStandaloneMap(kernel, { type: BPF_MAP_TYPE_QUEUE, valueSize: 4, maxEntries: 1 });
  closed.close();
  const thrown: unknown[] = [];
  const restore = catchUncaught((error) => thrown.push(error));
  try {
    let seen = 0;
    using _reading = ring.consume(
      () => {
        if (++seen % 10 === 0) closed.info();
      },
      { type },
    );
    send(900);
    while (seen < 900) await sleep(1);
    expect(thrown).toHaveLength(90);
    expect(thrown[0]).toBeInstanceOf(ClosedError);
  } finally {
    restore();
  }
});

/** Takes uncaught exceptions away from the test runner. Gives what puts it back. */
function catchUncaught(handle: (error: unknown) => void): () => void {
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException").on("uncaughtException", handle);
  return () => {
    process.removeAllListeners("uncaughtException");
    for (const other of others) process.on("uncaughtException", other);
  };
}

it("stops listening to a signal when the map is closed before it", () => {
  const { ring, type } = load();
  const { signal } = new AbortController();
  ring.consume(() => {}, { type, signal });
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  ring.close();
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

it("merges the rings of a perf buffer by time and knows the CPU", () => {
  const { loaded, type, onCpu } = load();
  const perf = loaded.map("perf") as PerfBuffer;
  perf.open({ bytes: 16384 });
  const cpus = kernel.onlineCpus();
  for (let round = 0; round < 10; round++) for (const cpu of cpus) onCpu("send_perf", cpu);
  const seen: { seq: bigint; cpu: number | undefined }[] = [];
  perf.drain<Event>(({ seq }, cpu) => seen.push({ seq, cpu }), { type });
  expect(seen.map(({ seq }) => seq)).toEqual(
    Array.from({ length: 10 * cpus.length }, (_, seq) => BigInt(seq)),
  );
  expect(new Set(seen.map(({ cpu }) => cpu))).toEqual(new Set(cpus));
  expect((loaded.map("counted") as PerCpuArrayMap<bigint>).sum(0)).toBe(BigInt(10 * cpus.length));
});

it("wraps around in a perf buffer, and counts what was lost on each CPU", () => {
  const { loaded, type, onCpu } = load();
  const perf = loaded.map("perf") as PerfBuffer;
  perf.open({ bytes: kernel.pageSize });
  let expected = 0n;
  for (let round = 0; round < 20; round++) {
    for (let index = 0; index < 30; index++) onCpu("send_perf", 0);
    const count = perf.drain<Event>((event) => expect(event).toMatchObject({ seq: expected++ }), { type });
    expect(count).toBe(30);
  }
  for (let index = 0; index < 100; index++) onCpu("send_perf", 0);
  const kept = perf.drain(() => {}, { type });
  expect(kept).toBeLessThan(60);
  expect(perf.lost).toBe(BigInt(100 - kept));
  expect(perf.lostPerCpu.find(({ cpu }) => cpu === 0)?.lost).toBe(perf.lost);
  loaded.close();
  expect(perf.lost).toBe(BigInt(100 - kept));
});

it("counts what was lost in a perf buffer as far as kernels before 6.0 tell", () => {
  const native = koffiNative();
  const { perfEventOpen } = syscallNumbers();
  const readFormatOf = (attr: number) => new DataView(native.view(attr, 64)).getBigUint64(32, true);
  const older = new HostKernel({
    ...native,
    syscall: (number, ...args) =>
      number === perfEventOpen && readFormatOf(Number(args[0])) !== 0n
        ? -EINVAL
        : native.syscall(number, ...args),
  });
  const { loaded, type, onCpu } = load(older);
  const perf = loaded.map("perf") as PerfBuffer;
  perf.open({ bytes: kernel.pageSize });
  for (let index = 0; index < 100; index++) onCpu("send_perf", 0);
  const kept = perf.drain(() => {}, { type });
  onCpu("send_perf", 0); // they report a loss with the next event that fits
  perf.drain(() => {}, { type });
  expect(perf.lost).toBe(BigInt(100 - kept));
});

it("waits for perf events", async () => {
  const { loaded, type, onCpu } = load();
  const perf = loaded.map("perf") as PerfBuffer;
  perf.open();
  setTimeout(() => onCpu("send_perf", kernel.onlineCpus().at(-1) ?? 0), 10);
  for await (const event of perf.events<Event>({ type })) {
    expect(event.seq).toBe(0n);
    break;
  }
});

it("sends to a program through a user ring buffer", () => {
  const { loaded, run } = load();
  const ring = loaded.map("from_user") as UserRingBuffer;
  let sent = 0n;
  for (let round = 0; round < 40; round++) {
    for (let index = 1n; index <= 50n; index++) {
      expect(ring.submit(new Uint8Array(BigUint64Array.of(index).buffer))).toBe(true);
      sent += index;
    }
    run("receive", new Uint8Array(8));
  }
  expect(loaded.variables.get("received")).toBe(2000n);
  expect(loaded.variables.get("received_sum")).toBe(sent);
  const full = Array.from({ length: 300 }, () => ring.submit(new Uint8Array(8)));
  expect(full.filter(Boolean)).toHaveLength(256);
  expect(() => ring.submit(new Uint8Array(5000))).toThrow(InvalidArgumentError);
});

it("sends values to a program, unless taking one apart closes the buffer", () => {
  const { loaded, run } = load();
  const ring = loaded.map("from_user") as UserRingBuffer;
  const codec = codecOf(loaded.btf!, loaded.btf!.find("event") ?? 0);
  expect(ring.submitValue({ seq: 5n }, codec)).toBe(true);
  run("receive", new Uint8Array(8));
  expect(loaded.variables.get("received_sum")).toBe(5n);
  const hostile = {
    get seq() {
      ring.close();
      return 1n;
    },
  };
  expect(() => ring.submitValue(hostile, codec)).toThrow(ClosedError);
});

it("reads and writes global variables live", () => {
  const { loaded, onCpu } = load();
  const sections = [...loaded.maps.values()].filter((map) => map instanceof GlobalDataMap);
  const data = sections.find((map) => map.section === ".data")!;
  expect(data.get("text")).toBe("begin");
  data.set("text", "end");
  expect(data.snapshot()).toMatchObject({ text: "end", writable: -7 });
  onCpu("take_stack", 0);
  const id = data.get<number>("writable");
  const stack = (loaded.map("stacks") as StackTraceMap).lookup(id);
  expect(stack?.length).toBeGreaterThan(2);
  expect((loaded.map("stacks") as StackTraceMap).ids()).toEqual([id]);
  const constants = sections.find((map) => map.section === ".rodata")!;
  expect(constants.get("answer")).toBe(42);
  expect(() => constants.set("answer", 1)).toThrow(InvalidArgumentError);
  expect(() => data.get("nothing")).toThrow(NotFoundError);
  expect(() => data.set("writable", 2 ** 31)).toThrow(/writable|int/);
  loaded.close();
  expect(() => data.get("text")).toThrow(ClosedError);
});

it("knows the variables of a program that somebody else has loaded", () => {
  const { loaded } = load();
  const open = (section: string) => {
    const maps = [...loaded.maps.values()];
    const { id } = maps.find((map) => map instanceof GlobalDataMap && map.section === section)!;
    const map = openMapById(kernel, id);
    if (!(map instanceof GlobalDataMap)) throw new Error("no global data");
    return map;
  };
  using data = open(".data");
  expect(data.snapshot()).toMatchObject({ text: "begin", writable: -7 });
  data.set("writable", 8);
  expect(loaded.variables.get("writable")).toBe(8);
  using constants = open(".rodata");
  expect(constants.get("answer")).toBe(42);
  expect(() => constants.set("answer", 1)).toThrow(InvalidArgumentError);
});

it("keeps values at tasks", () => {
  const { loaded } = load();
  const storage = loaded.map("storage");
  expect(storage).toBeInstanceOf(LocalStorageMap);
  if (!(storage instanceof LocalStorageMap)) return;
  using task = kernel.own(kernel.native.syscall(434, process.pid, 0)); // pidfd_open(2)
  expect(storage.lookup(task)).toBeUndefined();
  storage.update(task, 77n);
  expect(storage.lookup(task)).toBe(77n);
  expect(storage.delete(task)).toBe(true);
});

it("200 rings opened, read and closed leave no descriptor and no mapping", () => {
  const descriptors = () => readdirSync("/proc/self/fd").length;
  const mappings = () =>
    readFileSync("/proc/self/maps", "utf8").match(/anon_inode:(bpf|\[perf)/g)?.length ?? 0;
  const round = () => {
    const { loaded, ring, send, type } = load();
    send(1);
    expect(ring.drain(() => {}, { type })).toBe(1);
    (loaded.map("perf") as PerfBuffer).open({ bytes: 4096 });
    (loaded.map("from_user") as UserRingBuffer).submit(new Uint8Array(8));
    expect(loaded.variables.get("writable")).toBe(-7);
    expect(mappings()).toBeGreaterThanOrEqual(6);
    loaded.close();
    expect(mappings()).toBe(0);
    loadedObjects.length = 0;
  };
  round();
  const before = descriptors();
  for (let index = 0; index < 200; index++) round();
  expect(descriptors()).toBe(before);
});
