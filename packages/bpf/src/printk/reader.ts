import { textOfBytes } from "../codec/text.ts";
import { SyscallError, UnsupportedError } from "../errors.ts";
import { ENOENT } from "../linux/errno.ts";
import type { OwnedFd } from "../linux/fd.ts";
import type { Kernel } from "../linux/kernel.ts";
import type { Mapping } from "../linux/memory-map.ts";
import type { EventReading } from "../maps/event-map.ts";
import { RingBuffer } from "../maps/ring-buffer.ts";
import { BPF_F_MMAPABLE } from "../spec/map-flags.ts";
import { BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_RINGBUF } from "../spec/map-types.ts";
import { BPF_PROG_TYPE_RAW_TRACEPOINT } from "../spec/program-types.ts";
import { type CodeRange, codeRanges } from "./code-ranges.ts";
import { printkProgram, RECORD } from "./program.ts";

/** Some 2,000 short lines, or 440 of the longest. */
const RING_SIZE = 512 << 10;

/** One call of bpf_trace_printk() or bpf_trace_vprintk(). */
export interface PrintkLine {
  /** The process and thread that was running. */
  readonly pid: number;
  readonly tid: number;
  /** CLOCK_MONOTONIC, nanoseconds. */
  readonly time: bigint;
  /** Without line feed. */
  readonly text: string;
}

/**
 * Reads what BPF programs print, without the trace_pipe. bpf_trace_printk() fires a tracepoint of its own with the line; a
 * small program of ours listens there. So every reader gets all lines, where two readers of trace_pipe take lines from each
 * other, nothing of the system's tracing is switched on or off, and all of it is gone with the process.
 *
 * The kernel stack of a line tells which program printed it: lines of other people's programs are left out. So are lines
 * that this process causes, as showing a line may call a traced function, which prints a line.
 * @kernel 5.9, tracepoint bpf_trace:bpf_trace_printk (kernel/trace/bpf_trace.h)
 */
export class PrintkReader implements Disposable {
  readonly #ring: RingBuffer;
  readonly #owned: Disposable[] = [];
  readonly #kernel: Kernel;
  /** Mapped, because a program of the LSM may forbid bpf(2) once it is attached. */
  readonly #counter: Mapping;
  #lostAtEnd: bigint | undefined;
  readonly #ranges: readonly CodeRange[];

  /**
   * @param programs whose lines to read; all programs' when empty
   * @throws {UnsupportedError} before 5.9; {SyscallError} {PermissionError}
   */
  constructor(kernel: Kernel, programs: readonly OwnedFd[]) {
    this.#kernel = kernel;
    this.#ranges = programs.flatMap((program) => codeRanges(kernel, program));
    try {
      const ring = this.#own(
        kernel.bpf.mapCreate({ type: BPF_MAP_TYPE_RINGBUF, keySize: 0, valueSize: 0, maxEntries: RING_SIZE }),
      );
      const counter = this.#own(
        kernel.bpf.mapCreate({
          type: BPF_MAP_TYPE_ARRAY,
          keySize: 4,
          valueSize: 8,
          maxEntries: 1,
          flags: BPF_F_MMAPABLE,
        }),
      );
      this.#counter = this.#own(kernel.map({ fd: counter, length: kernel.pageSize, writable: false }));
      this.#attach(printkProgram({ ring: ring.raw, counter: counter.raw }, process.pid));
      const description = {
        type: BPF_MAP_TYPE_RINGBUF,
        keySize: 0,
        valueSize: 0,
        maxEntries: RING_SIZE,
        flags: 0,
      };
      this.#ring = new RingBuffer({ kernel, fd: ring, name: "printk", ...description });
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  /** Calls back for every line from now on. Keeps the process alive until it is closed. */
  consume(callback: (line: PrintkLine) => void): EventReading {
    return this.#ring.consume<Uint8Array>((record) => this.#emit(record, callback));
  }

  /** Hands out what is there now. */
  drain(callback: (line: PrintkLine) => void): void {
    this.#ring.drain<Uint8Array>((record) => this.#emit(record, callback));
  }

  /** Lines that found the buffer full. */
  get lost(): bigint {
    return this.#lostAtEnd ?? new BigUint64Array(this.#counter.buffer, 0, 1)[0] ?? 0n;
  }

  [Symbol.dispose](): void {
    this.#lostAtEnd = this.lost;
    this.#ring.close();
    this.#close();
  }

  #own<Owned extends Disposable>(owned: Owned): Owned {
    this.#owned.push(owned);
    return owned;
  }

  #close(): void {
    for (const owned of this.#owned.splice(0).reverse()) owned[Symbol.dispose]();
  }

  #attach(instructions: Uint8Array): void {
    const program = this.#own(
      this.#kernel.bpf.progLoad({
        type: BPF_PROG_TYPE_RAW_TRACEPOINT,
        instructions,
        license: "Dual BSD/GPL",
        name: "skep_printk",
      }),
    );
    try {
      this.#own(this.#kernel.bpf.rawTracepointOpen({ name: "bpf_trace_printk", program }));
    } catch (cause) {
      if (!(cause instanceof SyscallError) || cause.errno !== ENOENT) throw cause;
      throw new UnsupportedError(
        "this kernel has no tracepoint for what bpf_printk prints (Linux 5.9)",
        "read it yourself: cat /sys/kernel/tracing/trace_pipe",
        { cause },
      );
    }
  }

  #emit(record: Uint8Array, callback: (line: PrintkLine) => void): void {
    const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
    if (!this.#isOurs(view)) return;
    const task = view.getBigUint64(RECORD.task, true);
    callback({
      pid: Number(task >> 32n),
      tid: Number(task & 0xffff_ffffn),
      time: view.getBigUint64(RECORD.time, true),
      text: textOfBytes(record.subarray(RECORD.text)).replace(/\n$/, ""),
    });
  }

  /** A line whose stack could not be taken gets the benefit of the doubt. */
  #isOurs(view: DataView): boolean {
    const size = Number(view.getBigInt64(RECORD.stackSize, true));
    if (this.#ranges.length === 0 || size <= 0) return true;
    for (let at = 0; at < size; at += 8) {
      const address = view.getBigUint64(RECORD.stack + at, true);
      if (this.#ranges.some(({ start, length }) => address >= start && address - start < BigInt(length)))
        return true;
    }
    return false;
  }
}
