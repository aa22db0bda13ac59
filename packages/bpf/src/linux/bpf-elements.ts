import { BPF_COMMAND, type BpfCommand } from "./bpf-commands.ts";
import { ENOENT, syscallError } from "./errno.ts";
import type { OwnedFd } from "./fd.ts";
import type { Native } from "./native.ts";
import { syscallNumbers } from "./syscalls.ts";

const ATTR_SIZE = 32;
const SIZE_TO_VALUE = 24;
const BYTEWISE = 32;

// 32-bit slots of the attributes of BPF_MAP_*_ELEM.
const MAP_FD = 0;
const KEY = 2;
const VALUE = 4;
const FLAGS = 6;

/**
 * The commands that touch one map element. Attributes, key and value lie in one block of memory that is made once and
 * grows when a larger value comes along, so that a lookup allocates nothing.
 */
export class ElementCalls {
  readonly #native: Native;
  readonly #bpf = syscallNumbers().bpf;
  #keyCapacity = 64;
  #valueCapacity = 256;
  #block!: Uint8Array;
  #attr!: Uint32Array;
  #attrAddress = 0;
  #keyAddress = 0;
  #valueAddress = 0;

  constructor(native: Native) {
    this.#native = native;
    this.#layOut();
  }

  lookup(
    command: "BPF_MAP_LOOKUP_ELEM" | "BPF_MAP_LOOKUP_AND_DELETE_ELEM",
    map: OwnedFd,
    key: Uint8Array,
    value: Uint8Array,
    flags: number,
  ): boolean {
    this.#reserve(key.length, value.length);
    this.#putKey(key);
    // Only key-less maps read the value: a bloom filter is asked whether it holds it.
    if (key.length === 0) this.#put(value, ATTR_SIZE + this.#keyCapacity);
    this.#point(VALUE, value.length === 0 ? 0 : this.#valueAddress);
    if (!this.#call(command, map, flags)) return false;
    this.#take(value);
    return true;
  }

  update(map: OwnedFd, key: Uint8Array, value: Uint8Array, flags: number): void {
    this.#reserve(key.length, value.length);
    this.#putKey(key);
    this.#put(value, ATTR_SIZE + this.#keyCapacity);
    this.#point(VALUE, value.length === 0 ? 0 : this.#valueAddress);
    const found = this.#call("BPF_MAP_UPDATE_ELEM", map, flags);
    if (!found) throw syscallError("bpf(BPF_MAP_UPDATE_ELEM)", ENOENT);
  }

  delete(map: OwnedFd, key: Uint8Array): boolean {
    this.#reserve(key.length, 0);
    this.#putKey(key);
    this.#point(VALUE, 0);
    return this.#call("BPF_MAP_DELETE_ELEM", map, 0);
  }

  nextKey(map: OwnedFd, key: Uint8Array | undefined, next: Uint8Array): boolean {
    this.#reserve(next.length, next.length);
    if (key === undefined) this.#point(KEY, 0);
    else this.#putKey(key);
    this.#point(VALUE, this.#valueAddress);
    if (!this.#call("BPF_MAP_GET_NEXT_KEY", map, 0)) return false;
    this.#take(next);
    return true;
  }

  /** False for ENOENT. */
  #call(command: BpfCommand, map: OwnedFd, flags: number): boolean {
    const attr = this.#attr;
    attr[MAP_FD] = map.raw;
    attr[FLAGS] = flags;
    const size = flags === 0 ? SIZE_TO_VALUE : ATTR_SIZE;
    const result = this.#native.syscall(this.#bpf, BPF_COMMAND[command], this.#attrAddress, size);
    if (result >= 0) return true;
    if (result === -ENOENT) return false;
    throw syscallError(`bpf(${command})`, -result);
  }

  #putKey(key: Uint8Array): void {
    this.#put(key, ATTR_SIZE);
    // The kernel refuses a key pointer for maps that have no key (queue, stack, bloom filter).
    this.#point(KEY, key.length === 0 ? 0 : this.#keyAddress);
  }

  #point(slot: number, address: number): void {
    this.#attr[slot] = address % 2 ** 32;
    this.#attr[slot + 1] = address / 2 ** 32;
  }

  #put(bytes: Uint8Array, at: number): void {
    if (bytes.length > BYTEWISE) {
      this.#block.set(bytes, at);
      return;
    }
    const block = this.#block;
    for (let index = 0; index < bytes.length; index++) block[at + index] = bytes[index]!;
  }

  #take(value: Uint8Array): void {
    const at = ATTR_SIZE + this.#keyCapacity;
    if (value.length > BYTEWISE) {
      value.set(this.#block.subarray(at, at + value.length));
      return;
    }
    const block = this.#block;
    for (let index = 0; index < value.length; index++) value[index] = block[at + index]!;
  }

  #reserve(key: number, value: number): void {
    if (key <= this.#keyCapacity && value <= this.#valueCapacity) return;
    while (this.#keyCapacity < key) this.#keyCapacity *= 2;
    while (this.#valueCapacity < value) this.#valueCapacity *= 2;
    this.#layOut();
  }

  #layOut(): void {
    this.#block = this.#native.allocate(ATTR_SIZE + this.#keyCapacity + this.#valueCapacity);
    this.#attr = new Uint32Array(this.#block.buffer, this.#block.byteOffset, ATTR_SIZE / 4);
    this.#attrAddress = this.#native.addressOf(this.#block);
    this.#keyAddress = this.#attrAddress + ATTR_SIZE;
    this.#valueAddress = this.#keyAddress + this.#keyCapacity;
  }
}
