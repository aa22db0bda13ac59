import { closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path/posix";
import type { ElfFile } from "@skep/bpf";
import { buildIdOf } from "./build-id.ts";
import { crc32 } from "./crc32.ts";
import { readElfParts } from "./elf-parts.ts";

/** Where a binary lies: what it needs beside itself is looked for there. */
export interface Place {
  /** The root folder of the process, `/proc/PID/root`. */
  readonly root: string;
  /** The binary's path as the process sees it. */
  readonly path: string;
}

/** Longest file whose checksum is computed, in bytes. */
const MOST_CHECKED = 1 << 30;

/**
 * The file that a distribution's debug package holds for a stripped binary: by build id, or by the name and checksum that
 * .gnu_debuglink gives (gdb, "Debugging Information in Separate Files"). In the process's own root folder, then in ours.
 */
export function findDebugFile(elf: ElfFile, { root, path }: Place): ElfFile | undefined {
  const id = buildIdOf(elf);
  const link = debugLinkOf(elf);
  const folder = dirname(path);
  const byLink = link === undefined ? [] : [folder, join(folder, ".debug"), join("/usr/lib/debug", folder)];
  for (const top of root === "" ? [""] : [root, ""]) {
    if (id !== undefined && id.length > 2) {
      const named = `${top}/usr/lib/debug/.build-id/${id.slice(0, 2)}/${id.slice(2)}.debug`;
      const found = openDebugFile(named, (debug) => buildIdOf(debug) === id);
      if (found !== undefined) return found;
    }
    for (const where of byLink) {
      const found = openDebugFile(`${top}${join(where, link?.name ?? "")}`, (debug, file) => {
        const other = buildIdOf(debug);
        return id !== undefined && other !== undefined ? id === other : checksum(file) === link?.checksum;
      });
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function openDebugFile(path: string, isIt: (elf: ElfFile, file: number) => boolean): ElfFile | undefined {
  let file: number | undefined;
  try {
    // Opening a device or a pipe might do something, or wait.
    if (!statSync(path).isFile()) return undefined;
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!fstatSync(file).isFile()) return undefined;
    const elf = readElfParts(file);
    return isIt(elf, file) ? elf : undefined;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** A name, filled with zeroes to four bytes, and a checksum. */
function debugLinkOf(elf: ElfFile): { name: string; checksum: number } | undefined {
  const section = elf.section(".gnu_debuglink");
  if (section === undefined || section.size < 8 || section.size > 4096) return undefined;
  const bytes = elf.data(section);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.indexOf(0);
  const name = Buffer.from(bytes.subarray(0, Math.max(0, end))).toString();
  if (name === "" || name !== basename(name) || name === "..") return undefined;
  return { name, checksum: view.getUint32(bytes.length - 4, elf.header.littleEndian) };
}

function checksum(file: number): number | undefined {
  if (fstatSync(file).size > MOST_CHECKED) return undefined;
  const buffer = Buffer.allocUnsafe(1 << 20);
  let value = 0;
  for (let at = 0; ; ) {
    const got = readSync(file, buffer, 0, buffer.length, at);
    if (got === 0) return value;
    value = crc32(value, buffer.subarray(0, got));
    at += got;
  }
}
