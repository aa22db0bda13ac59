import { EBADF, EINVAL, MapCommand, type MapShape } from "../protocol.ts";
import type { Guest } from "./guest.ts";
import { signed, unsigned, unsigned64, type WasmInteger } from "./memory.ts";

const CALL = "wasm_bpf_map_operate";

/** wasm_bpf_map_operate: keys and values are copied by the sizes that the kernel has for the map. */
export class MapOperations {
  readonly #guest: Guest;
  readonly #shapes = new Map<number, MapShape>();

  constructor(guest: Guest) {
    this.#guest = guest;
  }

  learn(shape: MapShape): void {
    this.#shapes.set(shape.fd, shape);
  }

  forget(fd: number): void {
    this.#shapes.delete(fd);
  }

  shape(fd: number): MapShape | undefined {
    return this.#shapes.get(fd);
  }

  /** 0, or a negative error number as bpf(2) has it. */
  operate(
    fdArgument: WasmInteger,
    commandArgument: WasmInteger,
    keyArgument: WasmInteger,
    valueArgument: WasmInteger,
    nextKeyArgument: WasmInteger,
    flagsArgument: WasmInteger,
  ): number {
    const { host } = this.#guest;
    const [fd, command, flags] = [
      signed(fdArgument),
      signed(commandArgument),
      unsigned64(flagsArgument ?? 0),
    ];
    const shape = this.#shapes.get(fd);
    if (shape === undefined) return -EBADF;
    const { keySize, valueSize } = shape;
    const key = () => this.#bytes("the key", keyArgument, keySize);
    const value = () => this.#bytes("the value", valueArgument, valueSize);
    /** What the kernel gives goes to `into`. */
    const ask = (asked: { key?: Uint8Array; value?: Uint8Array }, into?: Uint8Array): number => {
      const parts = { key: asked.key?.slice(), value: asked.value?.slice() };
      const { status, bytes } = host.call({ call: "operate", fd, command, ...parts, flags });
      if (bytes !== undefined) into?.set(bytes);
      return status;
    };
    switch (command) {
      case MapCommand.lookup: {
        const [from, to] = [key(), value()];
        if (from === undefined || to === undefined) return -EINVAL;
        // Maps without keys read the value: a bloom filter is asked for it.
        return ask(keySize === 0 ? { key: from, value: to } : { key: from }, to);
      }
      case MapCommand.update: {
        const [from, to] = [key(), value()];
        return from === undefined || to === undefined ? -EINVAL : ask({ key: from, value: to });
      }
      case MapCommand.delete: {
        const from = key();
        return from === undefined ? -EINVAL : ask({ key: from });
      }
      case MapCommand.nextKey: {
        const [from, to] = [key(), this.#bytes("the next key", nextKeyArgument, keySize)];
        if (from === undefined || to === undefined) return -EINVAL;
        // Address 0 is C's NULL, which asks for the first key. It is memory too: what stands there is a key.
        const none = unsigned(keyArgument) === 0 && from.every((byte) => byte === 0);
        return ask(none ? {} : { key: from }, to);
      }
      default:
        return -EINVAL;
    }
  }

  #bytes(what: string, argument: WasmInteger, length: number): Uint8Array | undefined {
    const pointer = unsigned(argument);
    const bytes = this.#guest.memory.bytes(pointer, length);
    if (bytes === undefined) this.#guest.badPointer(CALL, what, pointer, length);
    return bytes;
  }
}
