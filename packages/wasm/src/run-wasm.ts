import type { Readable, Writable } from "node:stream";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { InvalidArgumentError, UnsupportedError } from "@skep/bpf";
import { GuestTrapError } from "./errors.ts";
import { GuestInput } from "./host/guest-input.ts";
import { GuestObjects } from "./host/guest-objects.ts";
import { GuestOutput } from "./host/guest-output.ts";
import type { OnProblem } from "./on-problem.ts";
import {
  EINTR,
  type GuestMessage,
  type GuestNote,
  type GuestInput as GuestStart,
  type HostCall,
  type HostReply,
  SLOTS,
  Slot,
} from "./protocol.ts";
import { compileProgram } from "./wasm-module.ts";
import { workerFile } from "./worker-file.ts";

export interface RunWasmOptions {
  /** What the program sees as argv; the first is its own name. */
  readonly args: readonly string[];
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Asked for only when the program reads; without it, its input is empty. */
  readonly stdin?: () => Readable;
  /**
   * Asks the program to end: a poll in progress, or the next one, returns -EINTR once. A program that does not end then, or
   * within half a second, is ended.
   */
  readonly signal?: AbortSignal;
  /** Told why a call failed of which the program sees a number only. An error, or a text. */
  readonly onProblem?: OnProblem;
}

export interface WasmRun {
  /** The program's own, 0 to 255; 0 when it was interrupted, or the reader of its output has gone. */
  readonly exitCode: number;
  /** Bytes of output that a stalled reader has not taken, after an interruption. */
  readonly unread: number;
  /** Events that perf buffers had no room for. */
  readonly lost: bigint;
}

/** Milliseconds that an interrupted program has for its own end. */
const GRACE = 500;
/** Milliseconds that a reader who takes nothing may hold up the end of an interrupted program. */
const LAST_WRITE = 150;
/** Different problems that are told. */
const MAX_PROBLEMS = 100;

/**
 * Runs a WebAssembly program to its end in a thread of its own, with WASI preview 1 (arguments, clocks, random numbers,
 * standard streams; no files, no environment) and eunomia-bpf's API `wasm_bpf`. Whatever it loaded and attached is gone when this
 * returns.
 * @throws {MalformedError} no valid module; {UnsupportedError} it imports what is not there, or is no program
 * @throws {GuestTrapError} the program did what WebAssembly forbids
 */
export async function runWasm(module: Uint8Array, options: RunWasmOptions): Promise<WasmRun> {
  const run = new GuestRun(await compileProgram(module), options);
  try {
    return await run.end();
  } finally {
    await run[Symbol.asyncDispose]();
  }
}

class GuestRun implements AsyncDisposable {
  readonly #shared = new Int32Array(new SharedArrayBuffer(4 * SLOTS));
  readonly #port: MessagePort;
  readonly #worker: Worker;
  readonly #objects: GuestObjects;
  readonly #output: GuestOutput;
  readonly #input: GuestInput | undefined;
  readonly #ended: Promise<number>;
  readonly #problems = new Set<string>();
  readonly #options: RunWasmOptions;
  readonly #interrupt = new Interrupt();
  #exit: (code: number) => void = () => {};
  #fail: (error: Error) => void = () => {};
  #grace: NodeJS.Timeout | undefined;
  readonly #onAbort = () => this.#interrupted();

  constructor(module: WebAssembly.Module, options: RunWasmOptions) {
    const { args, stdout, stderr, stdin, signal } = options;
    this.#options = options;
    this.#ended = new Promise((resolve, reject) => {
      this.#exit = resolve;
      this.#fail = reject;
    });
    this.#objects = new GuestObjects((call, error) => this.#problem(call, error));
    this.#output = new GuestOutput({ 1: stdout, 2: stderr }, this.#shared, () => this.#exit(0));
    this.#input = stdin && new GuestInput(stdin);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on("message", (message: GuestMessage) => this.#receive(message));
    const start: GuestStart = { module, args, shared: this.#shared, port: port2 };
    // No flags of ours: --inspect or a test runner's loader are nothing to the guest.
    this.#worker = new Worker(workerFile(), { workerData: start, transferList: [port2], execArgv: [] });
    this.#worker.on("error", (error) =>
      this.#fail(
        new GuestTrapError(`the WebAssembly program's thread died: ${error.message}`, "", { cause: error }),
      ),
    );
    this.#worker.on("exit", () => this.#fail(new GuestTrapError("the WebAssembly program's thread ended")));
    signal?.addEventListener("abort", this.#onAbort);
    if (signal?.aborted === true) this.#interrupted();
  }

  async end(): Promise<WasmRun> {
    const code = await this.#ended.catch(async (error: unknown) => {
      await this.#output.finish(LAST_WRITE);
      throw error;
    });
    await this.#giveBack();
    const unread = await this.#output.finish(
      this.#interrupt.happened ? LAST_WRITE : Number.POSITIVE_INFINITY,
    );
    return {
      exitCode: this.#interrupt.happened ? 0 : code,
      unread,
      lost: this.#objects.lost,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    await this.#giveBack();
    this.#input?.[Symbol.dispose]();
    this.#output[Symbol.dispose]();
  }

  /** The guest first: it must not run on without what it attached. */
  async #giveBack(): Promise<void> {
    clearTimeout(this.#grace);
    await this.#worker.terminate();
    this.#port.close();
    this.#objects[Symbol.dispose]();
  }

  #interrupted(): void {
    if (this.#interrupt.happened) return;
    Atomics.store(this.#shared, Slot.interrupted, 1);
    Atomics.notify(this.#shared, Slot.interrupted);
    this.#interrupt.happen();
    this.#grace = setTimeout(() => this.#exit(0), GRACE);
  }

  #receive(message: GuestMessage): void {
    if ("say" in message) {
      this.#note(message);
      return;
    }
    void this.#answer(message).then((reply) => {
      this.#port.postMessage(reply);
      Atomics.add(this.#shared, Slot.replies, 1);
      Atomics.notify(this.#shared, Slot.replies);
    }, this.#fail);
  }

  #note(note: GuestNote): void {
    switch (note.say) {
      case "write":
        this.#output.write(note.fd, note.bytes);
        break;
      case "problem":
        this.#problem(note.call, new InvalidArgumentError(note.message, "the program got an error back"));
        break;
      case "exit":
        this.#exit(note.code & 0xff);
        break;
      case "idle":
        this.#exit(0);
        break;
      case "trap":
        this.#fail(new GuestTrapError(note.message));
        break;
      case "unsupported":
        this.#fail(new UnsupportedError(note.message, note.next));
    }
  }

  async #answer(call: HostCall): Promise<HostReply> {
    switch (call.call) {
      case "load":
        return this.#objects.load(call.object);
      case "close":
        return this.#objects.close(call.object);
      case "attach":
        return this.#objects.attach(call.object, call.program, call.target);
      case "map":
        return this.#objects.map(call.object, call.name);
      case "operate":
        return this.#objects.operate(call);
      case "poll":
        return this.#objects.poll(call.object, call.fd, call.timeout, this.#interrupt);
      case "read": {
        if (this.#input === undefined) return { status: 0, bytes: new Uint8Array() };
        const bytes = await this.#input.read(call.length, this.#interrupt.promise);
        return bytes === undefined ? { status: -EINTR } : { status: 0, bytes };
      }
      case "readable": {
        const ready = (await this.#input?.ready(call.timeout, this.#interrupt.promise)) ?? true;
        return { status: ready ? 1 : 0 };
      }
    }
  }

  /** Told once each: a guest may ask for the impossible in a loop. */
  #problem(call: string, error: unknown): void {
    const text = `${call} ${error instanceof Error ? error.message : error}`;
    if (this.#problems.has(text) || this.#problems.size >= MAX_PROBLEMS) return;
    this.#problems.add(text);
    this.#options.onProblem?.(call, error);
  }
}

/** Happens once. */
class Interrupt {
  readonly promise: Promise<void>;
  #happened = false;
  #resolve: () => void = () => {};

  constructor() {
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get happened(): boolean {
    return this.#happened;
  }

  happen(): void {
    this.#happened = true;
    this.#resolve();
  }
}
