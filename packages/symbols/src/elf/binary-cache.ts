import { closeSync, constants, fstatSync, openSync, statSync } from "node:fs";
import type { ElfFile } from "@skep/bpf";
import { type Binary, binaryOf } from "./binary.ts";
import { buildIdOf } from "./build-id.ts";
import { findDebugFile, type Place } from "./debug-files.ts";
import { readElfParts } from "./elf-parts.ts";

/** What is kept when nobody says otherwise: a hundred ordinary programs with their libraries. */
const MOST_BYTES = 128 << 20;
const MOST_BINARIES = 512;

/**
 * Binaries that were read, by file and by build id: copies of a library in many containers are read once. What was used longest
 * ago makes room.
 */
export class BinaryCache {
  readonly #mostBytes: number;
  /** In order of use. undefined: no ELF file. */
  readonly #byFile = new Map<string, Binary | undefined>();
  readonly #byBuildId = new Map<string, Binary>();
  #bytes = 0;

  constructor(mostBytes = MOST_BYTES) {
    this.#mostBytes = mostBytes;
  }

  /** Bytes of all tables that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * @param inode of the file that is meant; another one in its place is not read
   * @param place where it lies for the process that runs it, and so where its debug file may be
   * @returns undefined for what is no ELF file of 64 bits; `"unreadable"` for what is no file, not for us, or another by now
   */
  read(path: string, inode: number | undefined, place: Place): Binary | undefined | "unreadable" {
    let file: number | undefined;
    try {
      // Opening a device or a pipe might do something, or wait.
      if (!statSync(path).isFile()) return "unreadable";
      file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const { dev, ino, size, mtimeMs, isFile } = withKind(file);
      if (!isFile || (inode !== undefined && inode !== ino)) return "unreadable";
      const key = `${dev}:${ino}:${size}:${mtimeMs}`;
      if (this.#byFile.has(key)) return this.#use(key);
      const binary = this.#load(file, place);
      this.#keep(key, binary);
      return binary;
    } catch {
      return "unreadable";
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }

  #use(key: string): Binary | undefined {
    const binary = this.#byFile.get(key);
    this.#byFile.delete(key);
    this.#byFile.set(key, binary);
    return binary;
  }

  #load(file: number, place: Place): Binary | undefined {
    try {
      const elf = readElfParts(file);
      const id = identityOf(elf);
      const known = id === undefined ? undefined : this.#byBuildId.get(id);
      if (known !== undefined) return known;
      const binary = binaryOf(elf, () => findDebugFile(elf, place));
      this.#bytes += binary.bytes;
      if (id !== undefined) this.#byBuildId.set(id, binary);
      return binary;
    } catch {
      return undefined;
    }
  }

  #keep(key: string, binary: Binary | undefined): void {
    this.#byFile.set(key, binary);
    while (this.#byFile.size > 1 && (this.#bytes > this.#mostBytes || this.#byFile.size > MOST_BINARIES))
      this.#drop();
  }

  /** A binary goes with the last file that is it. */
  #drop(): void {
    const [oldest] = this.#byFile;
    if (oldest === undefined) return;
    const [key, binary] = oldest;
    this.#byFile.delete(key);
    if (binary === undefined || [...this.#byFile.values()].includes(binary)) return;
    this.#bytes -= binary.bytes;
    for (const [id, known] of this.#byBuildId) if (known === binary) this.#byBuildId.delete(id);
  }
}

function withKind(file: number) {
  const stat = fstatSync(file);
  return { dev: stat.dev, ino: stat.ino, size: stat.size, mtimeMs: stat.mtimeMs, isFile: stat.isFile() };
}

/** A stripped copy has the build id of its original, but not its symbols. */
function identityOf(elf: ElfFile): string | undefined {
  const id = buildIdOf(elf);
  const tables = elf.sections
    .filter(({ type, name }) => type === 2 || type === 11 || name === ".debug_line")
    .map(({ size }) => size);
  return id === undefined ? undefined : `${id} ${tables.join(" ")}`;
}
