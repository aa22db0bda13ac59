/**
 * What the two threads of a run say to each other. The guest runs in a worker and touches nothing but its own memory; the host
 * side, in the thread that called `runWasm`, owns every kernel object. So the guest can be ended at any moment, and whatever it
 * attached is given back in order.
 *
 * A call goes out as a message, and the guest's thread sleeps on `Slot.replies` until the answer has been sent.
 */

/** Words of the shared memory. */
export const Slot = {
  /** Counts answers: the guest's thread sleeps on it. */
  replies: 0,
  /** Output sent and not yet written, see `outputCost`: the guest's thread waits while there is too much. */
  output: 1,
  /** 1 once the user wants the end. */
  interrupted: 2,
} as const;
export const SLOTS = 3;

/** Bytes that a piece of output takes on its way: a program that writes letter by letter sends many messages. */
export function outputCost(bytes: Uint8Array): number {
  return bytes.length + 256;
}

/** Errors that the API answers with, negated (include/uapi/asm-generic/errno-base.h). */
export const ENOENT = 2;
export const EINTR = 4;
export const EBADF = 9;
export const ENODEV = 19;
export const EINVAL = 22;

/** Commands of wasm_bpf_map_operate: those of bpf(2). */
export const MapCommand = { lookup: 1, update: 2, delete: 3, nextKey: 4 } as const;

/** What a guest's thread must know of a map to copy keys and values. */
export interface MapShape {
  readonly fd: number;
  /** Bytes. */
  readonly keySize: number;
  /** Bytes that the kernel copies: in a per-CPU map, the values of all CPUs. */
  readonly valueSize: number;
  /** What a callback returns ends a poll when negative; perf buffers ignore it, as in libbpf. */
  readonly stopsOnError: boolean;
}

export interface MapOperation {
  readonly fd: number;
  readonly command: number;
  /** Undefined asks `nextKey` for the first. */
  readonly key: Uint8Array | undefined;
  readonly value: Uint8Array | undefined;
  readonly flags: bigint;
}

/** Calls that are answered. */
export type HostCall =
  | { readonly call: "load"; readonly object: Uint8Array }
  | { readonly call: "close"; readonly object: bigint }
  | {
      readonly call: "attach";
      readonly object: bigint;
      readonly program: string;
      readonly target: string | undefined;
    }
  | { readonly call: "map"; readonly object: bigint; readonly name: string }
  | ({ readonly call: "operate" } & MapOperation)
  | { readonly call: "poll"; readonly object: bigint; readonly fd: number; readonly timeout: number }
  /** Standard input: bytes, none at its end. */
  | { readonly call: "read"; readonly length: number }
  /** Standard input: answers 1 when there is something to read (or its end), 0 after `timeout` milliseconds. */
  | { readonly call: "readable"; readonly timeout: number };

export interface HostReply {
  /** What the API function returns, or a part of it. */
  readonly status: number;
  /** A value, a key, input, or events one after the other. */
  readonly bytes?: Uint8Array;
  /** Sizes of the events. */
  readonly sizes?: Uint32Array;
  /** There may be more events already. */
  readonly more?: boolean;
  readonly map?: MapShape;
}

/** What the guest's thread says without waiting for an answer. */
export type GuestNote =
  | { readonly say: "write"; readonly fd: 1 | 2; readonly bytes: Uint8Array }
  /** A call that could not be made; the guest got an error. */
  | { readonly say: "problem"; readonly call: string; readonly message: string }
  | { readonly say: "exit"; readonly code: number }
  | { readonly say: "trap"; readonly message: string }
  | { readonly say: "unsupported"; readonly message: string; readonly next: string }
  /** Interrupted, and would do nothing but wait. */
  | { readonly say: "idle" };

export type GuestMessage = HostCall | GuestNote;

/** How a worker is started. */
export interface GuestInput {
  readonly module: WebAssembly.Module;
  /** argv[0] included. */
  readonly args: readonly string[];
  readonly shared: Int32Array;
  readonly port: import("node:worker_threads").MessagePort;
}
