import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeInstructions } from "../../src/asm/encode.ts";
import { SyscallError } from "../../src/errors.ts";
import { EAGAIN, EINVAL, ENOENT, EPERM } from "../../src/linux/errno.ts";
import type { OwnedFd } from "../../src/linux/fd.ts";
import { stopFdTrace, traceFds } from "../../src/linux/fd-trace.ts";
import { HostKernel } from "../../src/linux/host-kernel.ts";
import { hostKernel } from "../../src/linux/kernel.ts";
import { koffiNative } from "../../src/linux/koffi.ts";
import { RETURN_ZERO } from "../../src/load/features-programs.ts";
import { withFault } from "./with-fault.ts";

const HASH = 1;
const ARRAY = 2;
const SOCKET_FILTER = 1;
const kernel = hostKernel();
const { bpf } = kernel;

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

function errnoOf(action: () => unknown): number | undefined {
  try {
    action();
  } catch (error) {
    return error instanceof SyscallError ? error.errno : undefined;
  }
  return 0;
}

function twoInstructions() {
  return {
    type: SOCKET_FILTER,
    instructions: encodeInstructions(RETURN_ZERO, true),
    license: "GPL",
    name: "two",
  };
}

beforeAll(() => traceFds());
afterAll(() => expect(stopFdTrace()).toEqual([]));

describe("map elements", () => {
  let map: OwnedFd;
  beforeAll(() => {
    map = bpf.mapCreate({ type: HASH, keySize: 4, valueSize: 100, maxEntries: 2000, name: "elements" });
  });
  afterAll(() => map.close());

  it("reads back what it wrote", () => {
    const value = new Uint8Array(100).map((_, index) => index);
    bpf.mapUpdate(map, u32(1), value);
    const read = new Uint8Array(100);
    expect(bpf.mapLookup(map, u32(1), read)).toBe(true);
    expect(read).toEqual(value);
  });

  it("says no for a key that is not there", () => {
    expect(bpf.mapLookup(map, u32(404), new Uint8Array(100))).toBe(false);
    expect(bpf.mapDelete(map, u32(404))).toBe(false);
    expect(bpf.mapLookupAndDelete(map, u32(404), new Uint8Array(100))).toBe(false);
  });

  it("throws ENOENT when only an existing key may be updated", () => {
    const BPF_EXIST = 2;
    expect(errnoOf(() => bpf.mapUpdate(map, u32(404), new Uint8Array(100), BPF_EXIST))).toBe(ENOENT);
  });

  it("walks all keys and ends", () => {
    const keys: number[] = [];
    let key: Uint8Array | undefined;
    for (let next = u32(0); bpf.mapNextKey(map, key, next); key = next.slice()) keys.push(next[0]!);
    expect(keys).toEqual([1]);
  });

  it("holds values larger than any before", () => {
    const large = bpf.mapCreate({ type: HASH, keySize: 200, valueSize: 70_000, maxEntries: 1 });
    const key = new Uint8Array(200).fill(9);
    bpf.mapUpdate(large, key, new Uint8Array(70_000).fill(5));
    const read = new Uint8Array(70_000);
    expect(bpf.mapLookup(large, key, read)).toBe(true);
    expect(read.every((byte) => byte === 5)).toBe(true);
    large.close();
  });

  it("gives no key to maps that have none", () => {
    const QUEUE = 22;
    const queue = bpf.mapCreate({ type: QUEUE, keySize: 0, valueSize: 4, maxEntries: 4 });
    bpf.mapUpdate(queue, new Uint8Array(0), u32(42));
    const value = u32(0);
    expect(bpf.mapLookup(queue, new Uint8Array(0), value)).toBe(true);
    expect(bpf.mapLookupAndDelete(queue, new Uint8Array(0), value)).toBe(true);
    expect(value).toEqual(u32(42));
    expect(bpf.mapLookup(queue, new Uint8Array(0), value)).toBe(false);
    queue.close();
  });
});

describe("map batches", () => {
  it("writes, reads and deletes a map in a few calls", () => {
    const map = bpf.mapCreate({ type: HASH, keySize: 4, valueSize: 8, maxEntries: 5000 });
    const numbers = Uint32Array.from({ length: 5000 }, (_, index) => index);
    const keys = new Uint8Array(numbers.buffer);
    const values = new Uint8Array(BigUint64Array.from(numbers, (number) => BigInt(number) * 3n).buffer);
    bpf.mapUpdateBatch(map, keys, values, 5000);

    const seen = new Map<number, bigint>();
    const position = new Uint8Array(4);
    let from: Uint8Array | undefined;
    for (let done = false; !done; from = position) {
      const keyChunk = new Uint32Array(1024);
      const valueChunk = new BigUint64Array(1024);
      const bytes = [new Uint8Array(keyChunk.buffer), new Uint8Array(valueChunk.buffer)] as const;
      const batch = bpf.mapLookupBatch(map, from, position, ...bytes, 1024);
      for (let index = 0; index < batch.count; index++) seen.set(keyChunk[index]!, valueChunk[index]!);
      done = batch.done;
    }
    expect(seen.size).toBe(5000);
    expect([...seen].every(([key, value]) => value === BigInt(key) * 3n)).toBe(true);

    expect(bpf.mapDeleteBatch(map, keys, 5000)).toBe(5000);
    expect(bpf.mapDeleteBatch(map, keys, 5000)).toBe(0);
    expect(bpf.mapNextKey(map, undefined, u32(0))).toBe(false);
    map.close();
  });
});

describe("programs", () => {
  it("loads and runs two instructions", () => {
    const program = bpf.progLoad(twoInstructions());
    const run = bpf.progTestRun({ program, dataIn: new Uint8Array(64) });
    expect(run.returnValue).toBe(0);
    program.close();
  });

  it("hands out the verifier's log", () => {
    const log = new Uint8Array(4096);
    const bad = { ...twoInstructions(), instructions: encodeInstructions(RETURN_ZERO.slice(1), true) };
    expect(errnoOf(() => bpf.progLoad({ ...bad, log: { buffer: log, level: 1 } }))).toBeGreaterThan(0);
    expect(Buffer.from(log).toString("latin1")).toContain("R0 !read_ok");
  });

  it("finds a program by its id and describes it", () => {
    const program = bpf.progLoad(twoInstructions());
    const info = new Uint8Array(256);
    expect(bpf.info(program, info)).toBeGreaterThan(80);
    const id = new DataView(info.buffer).getUint32(4, true);
    const again = bpf.fdById("program", id);
    expect(bpf.nextId("program", id - 1)).toBe(id);
    program.close();
    again.close();
  });

  it("ends with the last id", () => {
    expect(bpf.nextId("program", 0x7fff_fffe)).toBeUndefined();
  });
});

describe("faults", () => {
  const faulty = (fault: Parameters<typeof withFault>[1]) => {
    const native = withFault(koffiNative(), fault);
    return { native, bpf: new HostKernel(native).bpf };
  };

  it("names the command, the object and the error", () => {
    const { bpf } = faulty({ command: "BPF_MAP_CREATE", errno: EPERM });
    const create = () =>
      bpf.mapCreate({ type: ARRAY, keySize: 4, valueSize: 4, maxEntries: 1, name: "events" });
    expect(create).toThrow("bpf(BPF_MAP_CREATE) of map events: EPERM (operation not permitted)");
    expect(errnoOf(create)).toBe(EPERM);
  });

  it("loads again when a signal got in the way", () => {
    const { native, bpf } = faulty({ command: "BPF_PROG_LOAD", errno: EAGAIN, times: 3 });
    bpf.progLoad(twoInstructions()).close();
    expect(native.seen()).toBe(4);
  });

  it("gives up when signals never end", () => {
    const { native, bpf } = faulty({ command: "BPF_PROG_LOAD", errno: EAGAIN });
    expect(errnoOf(() => bpf.progLoad(twoInstructions()))).toBe(EAGAIN);
    expect(native.seen()).toBe(5);
  });

  it("asks for nothing that an older kernel does not know", () => {
    expect(errnoOf(() => bpf.mapCreate({ type: 9999, keySize: 4, valueSize: 4, maxEntries: 1 }))).toBe(
      EINVAL,
    );
  });
});
