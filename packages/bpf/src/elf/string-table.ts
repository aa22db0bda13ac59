/** Collects names for a string table, each once. */
export class StringTable {
  readonly #offsets = new Map<string, number>([["", 0]]);
  readonly #parts: Buffer[] = [Buffer.from([0])];
  #length = 1;

  /** The offset at which the name stands. */
  add(name: string): number {
    const known = this.#offsets.get(name);
    if (known !== undefined) return known;
    const part = Buffer.from(`${name}\0`, "utf8");
    const offset = this.#length;
    this.#offsets.set(name, offset);
    this.#parts.push(part);
    this.#length += part.length;
    return offset;
  }

  bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#parts));
  }
}
