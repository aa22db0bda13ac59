/** A small seeded random generator (xorshift32), so that a failing case can be run again from its seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 0x9e3779b9;
  }

  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }
}

/** Values that sit at the edges of what parsers check. */
const EDGES = [
  0, 1, 2, 3, 7, 8, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff,
];

type Mutation = (bytes: Uint8Array<ArrayBuffer>, random: Random) => Uint8Array<ArrayBuffer>;

const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, random) {
    bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
    return bytes;
  },
  function setByte(bytes, random) {
    bytes[random.below(bytes.length)] = random.pick(EDGES);
    return bytes;
  },
  function setWord(bytes, random) {
    if (bytes.length < 4) return bytes;
    const at = random.below(bytes.length >> 2) << 2;
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, random.pick(EDGES), true);
    return bytes;
  },
  function nudgeWord(bytes, random) {
    if (bytes.length < 4) return bytes;
    const at = random.below(bytes.length >> 2) << 2;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    view.setUint32(at, view.getUint32(at, true) + random.below(17) - 8, true);
    return bytes;
  },
  function copyBlock(bytes, random) {
    const length = 1 + random.below(Math.min(64, bytes.length));
    const from = random.below(bytes.length - length + 1);
    bytes.copyWithin(random.below(bytes.length - length + 1), from, from + length);
    return bytes;
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, random.below(bytes.length));
  },
];

/** A copy of `seed` with one to eight mutations. */
export function mutate(seed: Uint8Array, random: Random): Uint8Array {
  let bytes: Uint8Array<ArrayBuffer> = new Uint8Array(seed);
  const times = 1 + random.below(8);
  for (let i = 0; i < times && bytes.length > 0; i++) bytes = random.pick(MUTATIONS)(bytes, random);
  return bytes;
}
