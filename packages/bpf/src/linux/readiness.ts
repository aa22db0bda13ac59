import { InvalidArgumentError } from "../errors.ts";
import { EINTR, syscallError } from "./errno.ts";
import { keepLoaded } from "./keep-loaded.ts";
import type { Native } from "./native.ts";
import { syscallNumbers } from "./syscalls.ts";

type Koffi = typeof import("koffi");
type PollHandle = ReturnType<Koffi["node"]["poll"]>;

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 1;
const BATCH = 64;

// struct epoll_event is packed on x86-64 only (include/uapi/linux/eventpoll.h).
const EVENT_SIZE = process.arch === "x64" ? 12 : 16;
const DATA_OFFSET = process.arch === "x64" ? 4 : 8;

/**
 * libuv drops a poll handle when JavaScript no longer refers to it, and events stop without a word. Handles in
 * use are kept here.
 */
const handlesInUse = new Set<PollHandle>();

/**
 * Serves any number of descriptors through one epoll descriptor of our own, which is the only one libuv ever sees:
 * handing libuv a bad descriptor, or one that it polls already, aborts the process, while epoll_ctl(2) answers
 * with an error number.
 */
export class ReadinessLoop {
  readonly #koffi: Koffi;
  readonly #syscall: Native["syscall"];
  readonly #callbacks = new Map<number, () => void>();
  readonly #numbers = syscallNumbers();
  // 64 events are more than 64 bytes, and an explicit ArrayBuffer never moves: see Native.allocate.
  readonly #events = new DataView(new ArrayBuffer(BATCH * EVENT_SIZE));
  #eventsAddress = 0;
  #epoll = -1;
  #handle: PollHandle | undefined;

  constructor(koffi: Koffi, syscall: Native["syscall"]) {
    this.#koffi = koffi;
    this.#syscall = syscall;
  }

  /** @throws {SyscallError} EBADF, EPERM (a kind of file that cannot be polled) {InvalidArgumentError} watched already */
  watch(fd: number, callback: () => void): Disposable {
    if (this.#callbacks.has(fd)) {
      throw new InvalidArgumentError(
        `descriptor ${fd} is watched already`,
        "dispose the first watch before the second",
      );
    }
    this.#open();
    this.#control(EPOLL_CTL_ADD, fd);
    this.#callbacks.set(fd, callback);
    if (this.#callbacks.size === 1) this.#handle?.ref();
    return { [Symbol.dispose]: () => this.#unwatch(fd, callback) };
  }

  #unwatch(fd: number, callback: () => void): void {
    if (this.#callbacks.get(fd) !== callback) return;
    this.#callbacks.delete(fd);
    // Fails when the descriptor was closed first, which took it out of the set as well.
    this.#syscall(this.#numbers.epollCtl, this.#epoll, EPOLL_CTL_DEL, fd, this.#eventsAddress);
    if (this.#callbacks.size === 0) this.#handle?.unref();
  }

  #open(): void {
    if (this.#handle !== undefined) return;
    const epoll = this.#syscall(this.#numbers.epollCreate1, EPOLL_CLOEXEC);
    if (epoll < 0) throw syscallError("epoll_create1", -epoll);
    this.#epoll = epoll;
    this.#eventsAddress = Number(this.#koffi.address(new Uint8Array(this.#events.buffer)));
    // In a worker: the main thread is the one that is numbered as the process.
    if (this.#syscall(this.#numbers.gettid) !== process.pid) keepLoaded(this.#koffi);
    this.#handle = this.#koffi.node.poll(epoll, { readable: true }, () => this.#dispatch());
    this.#handle.unref(); // until something is watched, it must not keep the process alive
    handlesInUse.add(this.#handle);
  }

  #control(operation: number, fd: number): void {
    this.#events.setUint32(0, EPOLLIN, true);
    this.#events.setBigUint64(DATA_OFFSET, BigInt(fd), true);
    const result = this.#syscall(this.#numbers.epollCtl, this.#epoll, operation, fd, this.#eventsAddress);
    if (result < 0) throw syscallError("epoll_ctl(EPOLL_CTL_ADD)", -result, `descriptor ${fd}`);
  }

  #dispatch(): void {
    const count = this.#syscall(this.#numbers.epollPwait, this.#epoll, this.#eventsAddress, BATCH, 0, 0, 8);
    if (count < 0 && count !== -EINTR) rethrowLater(syscallError("epoll_pwait", -count));
    const called = new Set<() => void>();
    for (const fd of this.#woken(count)) {
      // Looked up now: an earlier callback may have ended this watch.
      const callback = this.#callbacks.get(fd);
      if (callback === undefined || called.has(callback)) continue;
      called.add(callback);
      try {
        callback();
      } catch (error) {
        rethrowLater(error);
      }
    }
  }

  /**
   * perf_poll() (kernel/events/core.c) reports each wake-up to the first who asks and then forgets it. libuv asks first,
   * through our epoll descriptor, so that our own question finds nothing ready: then everybody is to look.
   */
  #woken(count: number): readonly number[] {
    if (count < this.#callbacks.size) return [...this.#callbacks.keys()];
    return Array.from({ length: count }, (_, index) =>
      this.#events.getUint32(index * EVENT_SIZE + DATA_OFFSET, true),
    );
  }
}

/** An exception that leaves a native callback never reaches `uncaughtException` and aborts the process later. */
function rethrowLater(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
