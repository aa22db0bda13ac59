import { InvalidArgumentError } from "../errors.ts";
import type { OwnedFd } from "../linux/fd.ts";

/** Which slots of a `__bpf_usdt_specs` map are taken. Several attachments of one object share the map. */
class SpecIds {
  readonly #byContent = new Map<string, { readonly id: number; users: number }>();
  readonly #free: number[] = [];
  #next = 0;

  /** The slot for a record. `isNew` when it has to be written. @throws {InvalidArgumentError} when the map is full */
  take(content: string, capacity: number): { readonly id: number; readonly isNew: boolean } {
    const known = this.#byContent.get(content);
    if (known !== undefined) {
      known.users++;
      return { id: known.id, isNew: false };
    }
    const id = this.#free.pop() ?? this.#next++;
    if (id >= capacity) {
      this.#next--;
      throw new InvalidArgumentError(
        `all ${capacity} slots for USDT arguments are taken`,
        "compile the program with a larger -DBPF_USDT_MAX_SPEC_CNT",
      );
    }
    this.#byContent.set(content, { id, users: 1 });
    return { id, isNew: true };
  }

  release(content: string): void {
    const entry = this.#byContent.get(content);
    if (entry === undefined || --entry.users > 0) return;
    this.#byContent.delete(content);
    this.#free.push(entry.id);
  }
}

const pools = new WeakMap<OwnedFd, SpecIds>();

/** The slots of a map, remembered for as long as the map lives. */
export function specIdsOf(map: OwnedFd): SpecIds {
  let ids = pools.get(map);
  if (ids === undefined) {
    ids = new SpecIds();
    pools.set(map, ids);
  }
  return ids;
}
