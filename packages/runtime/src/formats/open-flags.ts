import { flagsText, type NamedBits } from "./bit-names.ts";

/** include/uapi/asm-generic/fcntl.h; names for several bits contain those for one. */
const COMMON = {
  O_CREAT: 0o100n,
  O_EXCL: 0o200n,
  O_NOCTTY: 0o400n,
  O_TRUNC: 0o1000n,
  O_APPEND: 0o2000n,
  O_NONBLOCK: 0o4000n,
  O_DSYNC: 0o10000n,
  FASYNC: 0o20000n,
  O_NOATIME: 0o1000000n,
  O_CLOEXEC: 0o2000000n,
  O_SYNC: 0o4010000n,
  O_PATH: 0o10000000n,
};

/** Four flags are elsewhere on arm64 (arch/arm64/include/uapi/asm/fcntl.h). */
export const OPEN_FLAGS: Readonly<Record<string, readonly NamedBits[]>> = {
  x86_64: tableOf({
    O_DIRECT: 0o40000n,
    O_LARGEFILE: 0o100000n,
    O_DIRECTORY: 0o200000n,
    O_NOFOLLOW: 0o400000n,
  }),
  aarch64: tableOf({
    O_DIRECTORY: 0o40000n,
    O_NOFOLLOW: 0o100000n,
    O_DIRECT: 0o200000n,
    O_LARGEFILE: 0o400000n,
  }),
};

const ACCESS = ["O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"];

/** The two lowest bits are a number: O_RDONLY is 0. */
export function openFlagsText(bits: bigint, table: readonly NamedBits[]): string {
  const access = ACCESS[Number(bits & 3n)];
  const rest = bits & ~3n;
  return rest === 0n ? `${access}` : `${access}|${flagsText(rest, table)}`;
}

function tableOf(
  own: Readonly<Record<string, bigint>> & { readonly O_DIRECTORY: bigint },
): readonly NamedBits[] {
  const all = { ...COMMON, ...own, O_TMPFILE: 0o20000000n | own.O_DIRECTORY };
  return Object.entries(all).map(([name, value]) => ({ name, value }));
}
