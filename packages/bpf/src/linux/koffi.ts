import { createRequire } from "node:module";
import { UnsupportedError } from "../errors.ts";
import type { Native } from "./native.ts";
import { ReadinessLoop } from "./readiness.ts";

type Koffi = typeof import("koffi");
type Integer = number | bigint;
type Syscall = (nr: number, a: Integer, b: Integer, c: Integer, d: Integer, e: Integer, f: Integer) => number;

let loaded: Native | undefined;

/**
 * The real {@link Native}: libc's `syscall(2)` through koffi, loaded on the first call and then remembered.
 * @throws {UnsupportedError} where koffi has no build for this platform
 */
export function koffiNative(): Native {
  loaded ??= createKoffiNative();
  return loaded;
}

function createKoffiNative(): Native {
  const koffi = loadKoffi();
  // libc's syscall() is variadic in C; on x86-64 and arm64 Linux integers are passed alike either way.
  const call = koffi.load(null).func("syscall", "int64_t", new Array(7).fill("int64_t")) as Syscall;
  const readiness = new ReadinessLoop(koffi, (number, ...args) => native.syscall(number, ...args));
  const native: Native = {
    syscall(
      number,
      a: Integer = 0,
      b: Integer = 0,
      c: Integer = 0,
      d: Integer = 0,
      e: Integer = 0,
      f: Integer = 0,
    ) {
      const result = call(number, a, b, c, d, e, f);
      // koffi.errno() reads the thread's errno now, so nothing may run between the call and this line.
      return result === -1 ? -koffi.errno() : result;
    },
    addressOf: (bytes) => Number(koffi.address(bytes)),
    // An ArrayBuffer made explicitly has its bytes outside V8's heap, zeroed, for as long as it lives;
    // only typed arrays of up to 64 bytes made without one begin on the heap.
    allocate: (size) => new Uint8Array(new ArrayBuffer(size)),
    view: (address, length) => koffi.view(address, length),
    onReadable: (fd, callback) => readiness.watch(fd, callback),
  };
  return native;
}

function loadKoffi(): Koffi {
  if (process.platform !== "linux") {
    throw new UnsupportedError(
      `${process.platform} has no bpf(2)`,
      "run this on Linux; reading object files works anywhere",
    );
  }
  try {
    return createRequire(import.meta.url)("koffi") as Koffi;
  } catch (cause) {
    throw new UnsupportedError(
      `koffi, which makes the system calls, cannot be loaded on ${process.platform}-${process.arch}`,
      "install the package with its optional dependencies (npm install without --omit=optional)",
      { cause },
    );
  }
}
