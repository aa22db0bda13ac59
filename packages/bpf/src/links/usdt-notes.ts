import type { ElfFile } from "../elf/elf-file.ts";
import { fileOffsetOf } from "../elf/function-symbols.ts";
import { MalformedError } from "../errors.ts";

const STAPSDT_TYPE = 3;

/** What a note says about one place in a binary where a USDT probe was compiled in. A probe may have many. */
export interface UsdtNote {
  readonly provider: string;
  readonly name: string;
  /** Where the arguments are at this place: `-4@%edi 8@-8(%rbp)`. */
  readonly argumentText: string;
  /** Virtual address of the probe, as in the ELF file. */
  readonly address: number;
  /** Virtual address of the counter that says whether anybody listens; 0 for probes without one. */
  readonly semaphoreAddress: number;
}

/**
 * The USDT probes of a binary, from the notes that `sys/sdt.h` leaves (systemtap's wiki, UserSpaceProbeImplementation).
 * @throws {MalformedError} for a note that is cut off
 */
export function usdtNotes(elf: ElfFile): readonly UsdtNote[] {
  const base = elf.section(".stapsdt.base")?.address;
  return elf
    .notes()
    .filter((note) => note.name === "stapsdt" && note.type === STAPSDT_TYPE)
    .map((note) => readNote(elf, note.description, base));
}

/** Three addresses (probe, base, semaphore), then provider, name and arguments, NUL-terminated. */
function readNote(elf: ElfFile, bytes: Uint8Array, base: number | undefined): UsdtNote {
  if (bytes.length < 24) {
    throw new MalformedError(`a USDT note of ${bytes.length} bytes is cut off`, "rebuild the binary");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at: number): number => Number(view.getBigUint64(at, elf.header.littleEndian));
  const text = Buffer.from(bytes.subarray(24)).toString("utf8");
  const [provider = "", name = "", argumentText = ""] = text.split("\0", 3);
  // Prelink moves the code but not what the note says: the base section tells how far.
  const moved = base === undefined || word(8) === 0 ? 0 : base - word(8);
  const semaphoreAddress = word(16) === 0 ? 0 : word(16) + moved;
  return { provider, name, argumentText, address: word(0) + moved, semaphoreAddress };
}

/** Where a probe and its counter are in the file. */
export interface UsdtSite extends UsdtNote {
  readonly offset: number;
  readonly semaphore: number | undefined;
}

/** @throws {MalformedError} when an address is in no segment of the file */
export function usdtSite(elf: ElfFile, note: UsdtNote): UsdtSite {
  const what = `${note.provider}:${note.name}`;
  const { address, semaphoreAddress } = note;
  const semaphore =
    semaphoreAddress === 0 ? undefined : locate(elf, semaphoreAddress, `semaphore of ${what}`);
  return { ...note, offset: locate(elf, address, what), semaphore };
}

function locate(elf: ElfFile, address: number, what: string): number {
  const offset = fileOffsetOf(elf, address);
  if (offset === undefined) {
    throw new MalformedError(
      `USDT ${what} is at 0x${address.toString(16)}, which no segment holds`,
      "rebuild the binary",
    );
  }
  return offset;
}
