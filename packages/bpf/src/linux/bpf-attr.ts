import { BPF_COMMAND, type BpfCommand } from "./bpf-commands.ts";
import { cString } from "./c-string.ts";
import { syscallError } from "./errno.ts";
import type { Native } from "./native.ts";
import { syscallNumbers } from "./syscalls.ts";

/** Room for any command's attributes; the largest so far is PROG_LOAD with 152 bytes. */
const CAPACITY = 256;

/**
 * One `union bpf_attr`, filled field by field at the byte offsets of include/uapi/linux/bpf.h. The size given to the
 * kernel ends with the last field that is not zero: a kernel that does not know a field accepts the call as
 * long as nothing asks for it (it refuses longer attributes with E2BIG).
 */
export class BpfAttr {
  readonly #native: Native;
  readonly #bpf: number;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #address: number;
  /** Memory that nested pointers lead to: it must live until the call returns. */
  readonly #pointedAt: Uint8Array[] = [];
  readonly #outputs: { readonly to: Uint8Array; readonly from: Uint8Array }[] = [];
  #size = 0;

  constructor(native: Native) {
    this.#native = native;
    this.#bpf = syscallNumbers().bpf;
    this.#bytes = native.allocate(CAPACITY);
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, CAPACITY);
    this.#address = native.addressOf(this.#bytes);
  }

  u32(offset: number, value: number | undefined): this {
    if (value === undefined || value === 0) return this;
    this.#view.setUint32(offset, value, true);
    return this.#uses(offset + 4);
  }

  u64(offset: number, value: number | bigint | undefined): this {
    if (value === undefined || BigInt(value) === 0n) return this;
    this.#view.setBigUint64(offset, BigInt.asUintN(64, BigInt(value)), true);
    return this.#uses(offset + 8);
  }

  /** The characters themselves, cut to `capacity - 1` bytes and a NUL: object names. */
  name(offset: number, text: string | undefined, capacity: number): this {
    if (text === undefined || text === "") return this;
    const bytes = Buffer.from(text, "latin1").subarray(0, capacity - 1);
    this.#bytes.set(bytes, offset);
    return this.#uses(offset + bytes.length);
  }

  /** A pointer to a copy of these bytes; a null pointer for none. */
  input(offset: number, bytes: Uint8Array | undefined): this {
    if (bytes === undefined || bytes.length === 0) return this;
    const copy = this.#native.allocate(bytes.length);
    copy.set(bytes);
    this.#pointedAt.push(copy);
    return this.u64(offset, this.#native.addressOf(copy));
  }

  /** A pointer to the text and its terminating NUL. @throws {InvalidArgumentError} for a text with a NUL of its own */
  text(offset: number, text: string | undefined): this {
    return this.input(offset, text === undefined ? undefined : cString(text));
  }

  /** A pointer to an array of 64-bit values; a null pointer for none. */
  words(offset: number, values: readonly bigint[] | undefined): this {
    if (values === undefined) return this;
    const words = BigUint64Array.from(values);
    return this.input(offset, new Uint8Array(words.buffer));
  }

  /** A pointer to an array of pointers to texts. */
  texts(offset: number, texts: readonly string[] | undefined): this {
    if (texts === undefined) return this;
    const encoded = texts.map(cString);
    const block = this.#native.allocate(encoded.reduce((sum, bytes) => sum + bytes.length, 0));
    this.#pointedAt.push(block);
    const base = block.length === 0 ? 0 : this.#native.addressOf(block);
    let at = 0;
    const addresses = encoded.map((bytes) => {
      block.set(bytes, at);
      at += bytes.length;
      return BigInt(base + at - bytes.length);
    });
    return this.words(offset, addresses);
  }

  /** A pointer to memory whose contents go back into `bytes` when the call returns, failed or not. */
  output(offset: number, bytes: Uint8Array | undefined): this {
    if (bytes === undefined || bytes.length === 0) return this;
    const from = this.#native.allocate(bytes.length);
    from.set(bytes); // some commands read it as well, and a failing one may leave it alone
    this.#outputs.push({ to: bytes, from });
    return this.u64(offset, this.#native.addressOf(from));
  }

  /** Makes the call. The kernel's answer, or `-errno`; fields are readable until `clear`. */
  tryCall(command: BpfCommand): number {
    const result = this.#native.syscall(this.#bpf, BPF_COMMAND[command], this.#address, this.#size);
    for (const { to, from } of this.#outputs) to.set(from);
    return result;
  }

  /** @throws {SyscallError} with `subject` (a name) in the message */
  call(command: BpfCommand, subject?: string): number {
    const result = this.tryCall(command);
    if (result < 0) throw syscallError(`bpf(${command})`, -result, subject);
    return result;
  }

  /** A field that the kernel wrote. */
  read(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  /** Makes room for the next command. */
  clear(): this {
    this.#bytes.fill(0);
    this.#size = 0;
    this.#pointedAt.length = 0;
    this.#outputs.length = 0;
    return this;
  }

  #uses(end: number): this {
    if (end > this.#size) this.#size = end;
    return this;
  }
}
