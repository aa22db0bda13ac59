import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { EINTR, type GuestNote, type HostCall, type HostReply, outputCost, Slot } from "../protocol.ts";

/** Output on its way that makes the guest wait, in bytes. */
const MAX_OUTPUT = 1 << 20;

/** The host side, as the guest's thread sees it. All waiting is on shared memory, so that the thread can be ended while it waits. */
export class Host {
  readonly #port: MessagePort;
  readonly #shared: Int32Array;

  constructor(port: MessagePort, shared: Int32Array) {
    this.#port = port;
    this.#shared = shared;
  }

  /** Asks, and sleeps until the answer is there. */
  call(call: HostCall): HostReply {
    const seen = Atomics.load(this.#shared, Slot.replies);
    this.#port.postMessage(call);
    Atomics.wait(this.#shared, Slot.replies, seen);
    const answer = receiveMessageOnPort(this.#port);
    return answer === undefined ? { status: -EINTR } : (answer.message as HostReply);
  }

  say(note: GuestNote): void {
    this.#port.postMessage(note);
  }

  /** Returns when the bytes are on their way; waits while too many are. */
  write(fd: 1 | 2, bytes: Uint8Array): void {
    for (;;) {
      const underway = Atomics.load(this.#shared, Slot.output);
      if (underway < MAX_OUTPUT) break;
      Atomics.wait(this.#shared, Slot.output, underway);
    }
    Atomics.add(this.#shared, Slot.output, outputCost(bytes));
    this.say({ say: "write", fd, bytes });
  }

  get interrupted(): boolean {
    return Atomics.load(this.#shared, Slot.interrupted) === 1;
  }

  /** Sleeps; being interrupted ends the guest. `milliseconds` may be infinite. */
  sleep(milliseconds: number): void {
    Atomics.wait(this.#shared, Slot.interrupted, 0, milliseconds);
    if (this.interrupted) this.idle();
  }

  /** The user wants the end, and the guest would only wait: does not return. */
  idle(): never {
    this.say({ say: "idle" });
    this.rest();
  }

  /** Does nothing until the thread is ended. */
  rest(): never {
    const nothing = new Int32Array(new SharedArrayBuffer(4));
    for (;;) Atomics.wait(nothing, 0, 0);
  }
}
