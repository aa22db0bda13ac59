import type { Btf } from "../btf/btf.ts";
import { type Codec, codecOf, rawCodec } from "../codec/codec.ts";
import type { BpfValue, DecodeOptions } from "../codec/decoder.ts";
import type { BpfInput } from "../codec/encoder.ts";
import { ClosedError, InvalidArgumentError, NotFoundError } from "../errors.ts";
import type { Mapping } from "../linux/kernel.ts";
import { BPF_F_MMAPABLE } from "../spec/map-flags.ts";
import type { VariableSpec } from "../spec/object-spec.ts";
import type { LiveSection } from "./data-section.ts";
import { BpfMap, type MapHandle } from "./map.ts";

const KEY = new Uint8Array(4);

/**
 * The global variables of a loaded program, live: reading sees what the program wrote last, writing is seen by the program
 * at once. Where the kernel allows it (5.5, BPF_F_MMAPABLE) the variables are mapped into this process and no system call
 * is made; before, the whole section is copied for each access, and two writers may overwrite each other.
 * Nothing is atomic beyond 8 bytes; a value that does not fit changes nothing. An array of one value, @kernel 5.2, BPF_MAP_TYPE_ARRAY (kernel/bpf/arraymap.c)
 */
export class GlobalDataMap extends BpfMap {
  /** ELF section: `.bss`, `.rodata`, `.data.hot`. */
  readonly section: string;
  readonly readOnly: boolean;
  readonly #btf: Btf | undefined;
  readonly #variables: ReadonlyMap<string, VariableSpec>;
  #mapping: { readonly memory: Mapping; readonly view: DataView } | undefined;

  constructor(handle: MapHandle, data: LiveSection, btf: Btf | undefined) {
    super(handle);
    this.section = data.section;
    this.readOnly = data.readOnly;
    this.#btf = btf;
    const variables = new Map<string, VariableSpec>();
    for (const variable of data.variables)
      if (!variables.has(variable.name)) variables.set(variable.name, variable);
    this.#variables = variables;
  }

  /** Names of the variables, in order of their place. */
  get names(): readonly string[] {
    return [...this.#variables.keys()];
  }

  /** A variable's value now. @throws {NotFoundError} {SyscallError} {ClosedError} */
  get<T = BpfValue | Uint8Array>(name: string, options: DecodeOptions = {}): T {
    const variable = this.#variable(name);
    const codec = this.#codec(variable, options);
    return codec.decode(this.#read(), variable.offset, variable.size) as T;
  }

  /** @throws {NotFoundError} {InvalidArgumentError} when the value does not fit, or the section is read-only {SyscallError} */
  set(name: string, value: BpfInput): void {
    const variable = this.#variable(name);
    if (this.readOnly)
      throw new InvalidArgumentError(
        `${name} is a constant in ${this.section}, and the program is loaded`,
        "set it before loading, or declare it without const",
      );
    const codec = this.#codec(variable, {});
    const bytes = new Uint8Array(codec.size);
    codec.encode(value, new DataView(bytes.buffer), 0, name);
    const view = this.#read();
    store(bytes, view, variable.offset);
    if (this.#mapping === undefined) this.#write(view);
  }

  /** All variables with their values. */
  snapshot(options: DecodeOptions = {}): Record<string, BpfValue | Uint8Array> {
    const view = this.#read();
    const entries = [...this.#variables.values()].map((variable) => {
      const value = this.#codec(variable, options).decode(view, variable.offset, variable.size);
      return [variable.name, value] as const;
    });
    return Object.fromEntries(entries);
  }

  override close(): void {
    this.#mapping?.memory[Symbol.dispose]();
    this.#mapping = undefined;
    super.close();
  }

  #variable(name: string): VariableSpec {
    const variable = this.#variables.get(name);
    if (variable === undefined)
      throw new NotFoundError(
        `section ${this.section} has no variable ${name}`,
        `choose one of ${this.names.join(", ") || "none: it is empty"}`,
      );
    const { offset, size } = variable;
    if (offset < 0 || size > this.valueSize || offset > this.valueSize - size)
      throw new InvalidArgumentError(
        `${name} is at bytes ${offset} to ${offset + size} of a section of ${this.valueSize}`,
        "use the description of the same object file that the map was made from",
      );
    return variable;
  }

  #codec({ typeId, size }: VariableSpec, options: DecodeOptions): Codec<BpfValue | Uint8Array> {
    if (this.#btf === undefined || typeId === 0) return rawCodec(size);
    const codec = codecOf(this.#btf, typeId, options);
    return codec.size <= size ? codec : rawCodec(size);
  }

  /** The section: mapped, or a copy. */
  #read(): DataView {
    if (this.fd.closed)
      throw new ClosedError(`map ${this.name} is closed`, "keep its object open while it is used");
    if ((this.flags & BPF_F_MMAPABLE) !== 0) {
      this.#mapping ??= this.#map();
      return this.#mapping.view;
    }
    const copy = this.kernel.native.allocate(this.valueSize);
    this.attempt("reading", () => this.kernel.bpf.mapLookup(this.fd, KEY, copy));
    return new DataView(copy.buffer, copy.byteOffset, copy.byteLength);
  }

  #write(view: DataView): void {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    this.attempt("updating", () => this.kernel.bpf.mapUpdate(this.fd, KEY, bytes));
  }

  #map(): { readonly memory: Mapping; readonly view: DataView } {
    const { pageSize } = this.kernel;
    const length = Math.ceil(this.valueSize / pageSize) * pageSize;
    const place = { fd: this.fd, length, writable: !this.readOnly };
    const memory = this.attempt("mapping", () => this.kernel.map(place));
    return { memory, view: new DataView(memory.buffer, 0, this.valueSize) };
  }
}

/** Programs run meanwhile: a number is never seen half written, nor zeroed first. */
function store(bytes: Uint8Array, view: DataView, offset: number): void {
  const from = new DataView(bytes.buffer);
  if (bytes.length === 8) view.setBigUint64(offset, from.getBigUint64(0));
  else if (bytes.length === 4) view.setUint32(offset, from.getUint32(0));
  else if (bytes.length === 2) view.setUint16(offset, from.getUint16(0));
  else new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(bytes, offset);
}
