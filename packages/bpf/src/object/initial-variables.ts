import type { Btf } from "../btf/btf.ts";
import { codecOf } from "../codec/codec.ts";
import type { BpfValue } from "../codec/decoder.ts";
import type { BpfInput } from "../codec/encoder.ts";
import { InvalidArgumentError, NotFoundError } from "../errors.ts";
import type { MapSpec, VariableSpec } from "../spec/object-spec.ts";

/** A global variable of an object and where it is kept. */
export interface VariablePlace {
  readonly map: MapSpec;
  readonly variable: VariableSpec;
}

/** The global variables of an object by name, in order of section and offset. Of namesakes the first counts. */
export function variablePlaces(maps: readonly MapSpec[]): ReadonlyMap<string, VariablePlace> {
  const places = new Map<string, VariablePlace>();
  for (const map of maps) {
    for (const variable of map.data?.variables ?? []) {
      if (!places.has(variable.name)) places.set(variable.name, { map, variable });
    }
  }
  return places;
}

/**
 * Global variables before the object is loaded: their initial values, which for `const volatile` ones are final. Values
 * have the types that the source gave them.
 */
export class InitialVariables {
  readonly #places: ReadonlyMap<string, VariablePlace>;
  readonly #btf: Btf | undefined;
  /** Contents of the sections that were written to, by map. */
  readonly #contents = new Map<string, Uint8Array>();

  constructor(maps: readonly MapSpec[], btf: Btf | undefined) {
    this.#places = variablePlaces(maps);
    this.#btf = btf;
  }

  /** In order of section and offset. */
  names(): readonly string[] {
    return [...this.#places.keys()];
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  /** Where a variable lies and what type it has. @throws {NotFoundError} */
  place(name: string): VariablePlace {
    const place = this.#places.get(name);
    if (place !== undefined) return place;
    throw new NotFoundError(
      `the object has no global variable ${name}`,
      this.#places.size === 0 ? "it has none at all" : `it has: ${this.names().join(", ")}`,
    );
  }

  /** The value so far. A copy of the bytes where the type is not known. @throws {NotFoundError} */
  get(name: string): BpfValue | Uint8Array {
    const { map, variable } = this.place(name);
    const bytes = this.contentsOf(map) ?? map.data!.initial;
    const own = bytes.subarray(variable.offset, variable.offset + variable.size);
    if (this.#btf === undefined || variable.typeId === 0) return own.slice();
    const view = new DataView(own.buffer, own.byteOffset, own.byteLength);
    return codecOf(this.#btf, variable.typeId).decode(view, 0, variable.size);
  }

  /**
   * Sets the value that the program starts with. Any variable takes its bytes as they are. A value that does not fit changes
   * nothing.
   * @throws {NotFoundError}; {InvalidArgumentError} for what the variable's type cannot hold
   */
  set(name: string, value: BpfInput): void {
    const { map, variable } = this.place(name);
    if (map.data?.section === ".kconfig") {
      throw new InvalidArgumentError(
        `${name} is filled from the kernel's configuration`,
        `pass { kconfig: { ${name}: "…" } } to load()`,
      );
    }
    const bytes = this.#encoded(name, value, variable);
    const contents = this.contentsOf(map) ?? this.#copy(map);
    contents.set(bytes, variable.offset);
  }

  /** The changed contents of a data section; undefined when nothing was set. */
  contentsOf(map: MapSpec): Uint8Array | undefined {
    return this.#contents.get(map.name);
  }

  #encoded(name: string, value: BpfInput, { typeId, size }: VariableSpec): Uint8Array {
    if (this.#btf !== undefined && typeId !== 0) {
      const bytes = new Uint8Array(size);
      codecOf(this.#btf, typeId).encode(value, new DataView(bytes.buffer), 0, name);
      return bytes;
    }
    if (value instanceof Uint8Array && value.length === size) return value;
    throw new InvalidArgumentError(
      `${name} has ${size} bytes and no known type`,
      `pass a Uint8Array of ${size} bytes, or build the object with -g`,
    );
  }

  #copy(map: MapSpec): Uint8Array {
    const contents = map.data!.initial.slice();
    this.#contents.set(map.name, contents);
    return contents;
  }
}
