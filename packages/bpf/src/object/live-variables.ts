import type { BpfValue } from "../codec/decoder.ts";
import type { BpfInput } from "../codec/encoder.ts";
import { NotFoundError } from "../errors.ts";
import type { VariablePlace } from "./initial-variables.ts";

/** A data section in the kernel, as `maps/` gives it. */
export interface DataMap {
  get(name: string): BpfValue | Uint8Array;
  set(name: string, value: BpfInput): void;
}

/** Global variables of a loaded object: what the programs see, now. */
export class LiveVariables {
  readonly #places: ReadonlyMap<string, VariablePlace>;
  readonly #sections: ReadonlyMap<string, DataMap>;

  /** `sections`: by the name of their map. */
  constructor(places: ReadonlyMap<string, VariablePlace>, sections: ReadonlyMap<string, DataMap>) {
    this.#places = places;
    this.#sections = sections;
  }

  /** In order of section and offset. */
  names(): readonly string[] {
    return [...this.#places.keys()];
  }

  has(name: string): boolean {
    return this.#section(name) !== undefined;
  }

  /** Reads a variable from the kernel. @throws {NotFoundError}; {ClosedError} after `close()` */
  get(name: string): BpfValue | Uint8Array {
    return this.#found(name).get(name);
  }

  /** Writes a variable that programs read. @throws {InvalidArgumentError} for constants and values that do not fit */
  set(name: string, value: BpfInput): void {
    this.#found(name).set(name, value);
  }

  #section(name: string): DataMap | undefined {
    const place = this.#places.get(name);
    return place && this.#sections.get(place.map.name);
  }

  #found(name: string): DataMap {
    const section = this.#section(name);
    if (section !== undefined) return section;
    throw new NotFoundError(
      `the object has no global variable ${name}`,
      this.#places.size === 0 ? "it has none at all" : `it has: ${this.names().join(", ")}`,
    );
  }
}
