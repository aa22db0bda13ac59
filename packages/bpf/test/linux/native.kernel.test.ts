import { execFile } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it, vi } from "vitest";
import { withBundle } from "../../../../test/vm.ts";
import { EPERM } from "../../src/linux/errno.ts";
import { hostKernel } from "../../src/linux/kernel.ts";
import { koffiNative } from "../../src/linux/koffi.ts";
import { nativeContract } from "./native-contract.ts";
import { openPipe } from "./pipe.ts";
import { withFault } from "./with-fault.ts";

nativeContract("koffi", koffiNative);
nativeContract("with a fault elsewhere", () =>
  withFault(koffiNative(), { command: "BPF_MAP_CREATE", errno: EPERM }),
);

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

describe("onReadable", () => {
  it("calls back while there is something to read, and no more once disposed", async () => {
    const pipe = openPipe();
    let calls = 0;
    const watch = koffiNative().onReadable(pipe.read, () => {
      calls++;
      pipe.drain();
    });
    writeSync(pipe.write, "x");
    await vi.waitFor(() => expect(calls).toBe(1));
    watch[Symbol.dispose]();
    watch[Symbol.dispose]();
    writeSync(pipe.write, "x");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(calls).toBe(1);
    pipe.close();
  });

  it("serves many descriptors at once", async () => {
    const pipes = Array.from({ length: 100 }, openPipe);
    const ready = new Set<number>();
    const watches = pipes.map((pipe, index) =>
      koffiNative().onReadable(pipe.read, () => {
        ready.add(index);
        pipe.drain();
      }),
    );
    for (const pipe of pipes) writeSync(pipe.write, "x");
    await vi.waitFor(() => expect(ready.size).toBe(100));
    for (const watch of watches) watch[Symbol.dispose]();
    for (const pipe of pipes) pipe.close();
  });

  it("refuses a second watch of one descriptor", () => {
    const pipe = openPipe();
    const watch = koffiNative().onReadable(pipe.read, () => {});
    expect(() => koffiNative().onReadable(pipe.read, () => {})).toThrow(/watched already/);
    watch[Symbol.dispose]();
    pipe.close();
  });

  it("goes on after a garbage collection", async () => {
    const pipe = openPipe();
    let calls = 0;
    const watch = koffiNative().onReadable(pipe.read, () => {
      calls++;
      pipe.drain();
    });
    for (let round = 1; round <= 3; round++) {
      collectGarbage();
      writeSync(pipe.write, "x");
      await vi.waitFor(() => expect(calls).toBe(round));
    }
    watch[Symbol.dispose]();
    pipe.close();
  });

  it("leaves an exception of the callback to the process, and lets the process end", async () => {
    const entry = fileURLToPath(new URL("watching-process.ts", import.meta.url));
    const output = await withBundle(entry, (path) => promisify(execFile)(process.execPath, [path]));
    expect(output.stdout).toBe("caught: thrown in a callback\nstill watching\n");
  });
});

describe("a worker", () => {
  it("that has watched descriptors may end or be terminated, and the process goes on", async () => {
    const entry = fileURLToPath(new URL("watching-worker.ts", import.meta.url));
    const output = await withBundle(entry, (path) => promisify(execFile)(process.execPath, [path]));
    expect(output.stdout).toBe("end\nterminate\n");
  });
});

describe("own", () => {
  it("moves descriptors above standard error, closed on exec", () => {
    const kernel = hostKernel();
    const low = openSync("/dev/null", "r");
    const owned = kernel.own(low);
    expect(owned.raw).toBeGreaterThan(2);
    owned.close();
    owned.close();
    expect(() => owned.raw).toThrow(/already closed/);
    expect(() => closeSync(low)).toThrow(/EBADF/);
  });
});

describe("map", () => {
  it("maps anonymous memory of the wanted length", () => {
    const mapping = hostKernel().map({ length: 8192, writable: true });
    const bytes = new Uint8Array(mapping.buffer);
    bytes[8191] = 7;
    expect(bytes[8191]).toBe(7);
    expect(mapping.address % hostKernel().pageSize).toBe(0);
    mapping[Symbol.dispose]();
    mapping[Symbol.dispose]();
  });
});
