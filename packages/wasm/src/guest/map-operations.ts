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
    switch (command) {
      case MapCommand.lookup: {
        const [from, to] = [key(), value()];
        if (from === undefined || to === undefined) return -EINVAL;
        // Maps without keys read the value: a bloom filter is asked for it.
        const asked = keySize === 0 ? to.slice() : undefined;
        const reply = host.call({ call: "operate", fd, command, key: from.slice(), value: asked, flags });
        if (reply.bytes !== undefined) to.set(reply.bytes);
        return reply.status;
      }
      case MapCommand.update: {
        const [from, to] = [key(), value()];
        if (from === undefined || to === undefined) return -EINVAL;
        return host.call({ call: "operate", fd, command, key: from.slice(), value: to.slice(), flags })
          .status;
      }
      case MapCommand.delete: {
        const from = key();
        if (from === undefined) return -EINVAL;
        return host.call({ call: "operate", fd, command, key: from.slice(), value: undefined, flags }).status;
      }
      case MapCommand.nextKey: {
        const [from, to] = [key(), this.#bytes("the next key", nextKeyArgument, keySize)];
        if (from === undefined || to === undefined) return -EINVAL;
        // Address 0 is C's NULL, which asks for the first key. It is memory too: what stands there is a key.
        const none = unsigned(keyArgument) === 0 && from.every((byte) => byte === 0);
        const asked = none ? undefined : from.slice();
        const reply = host.call({ call: "operate", fd, command, key: asked, value: undefined, flags });
        if (reply.bytes !== undefined) to.set(reply.bytes);
        return reply.status;
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
