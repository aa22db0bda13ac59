import type { ElfFile } from "../elf/elf-file.ts";
import { readElf } from "../elf/read-elf.ts";
import { InvalidArgumentError, MalformedError, NotFoundError } from "../errors.ts";
import { findBinary } from "../linux/binary-path.ts";
import { hostFiles } from "../linux/files.ts";
import { readBytes } from "../linux/read-file.ts";
import { symbolOffset } from "./symbol-offset.ts";

/** A binary's file and what the target says about a place in it. */
export interface UprobeTarget {
  /** As named: a path or a library's or command's name. */
  readonly binary: string;
  /** `readline`, `main.(*T).run`, `malloc@GLIBC_2.2.5`; undefined for a bare file offset. */
  readonly symbol: string | undefined;
  /** Bytes from the symbol, or from the start of the file. */
  readonly offset: number;
}

/** `path:function`, `path:function+0x10` or `path:0xoffset`. @throws {InvalidArgumentError} */
export function parseUprobeTarget(target: string): UprobeTarget {
  const colon = target.lastIndexOf(":");
  const place = target.slice(colon + 1);
  if (colon <= 0 || place === "") {
    throw new InvalidArgumentError(
      `uprobe target "${target}" is not of the form path:function`,
      'name a binary and a function, such as "/bin/bash:readline" or "libc.so.6:malloc"',
    );
  }
  const binary = target.slice(0, colon);
  if (/^(0x[0-9a-f]{1,13}|\d{1,15})$/i.test(place))
    return { binary, symbol: undefined, offset: Number(place) };
  const [, symbol = place, offset = "0"] = /^(.+)\+(0x[0-9a-f]{1,8}|\d{1,9})$/i.exec(place) ?? [];
  return { binary, symbol, offset: Number(offset) };
}

/** A place in a file, as the kernel's uprobes want it. */
export interface UprobePlace {
  readonly path: string;
  readonly offset: number;
}

/** Finds the file and the function. @throws {NotFoundError} {InvalidArgumentError} {MalformedError} */
export function locateUprobe(target: UprobeTarget, pid: number | undefined): UprobePlace {
  const path = findBinary(target.binary, pid);
  if (target.symbol === undefined) return { path, offset: target.offset };
  return { path, offset: symbolOffset(readBinary(path), target.symbol, path) + target.offset };
}

/** Whether there is such a file with such a function: `path:function`, as for a uprobe. @throws {PermissionError} {MalformedError} */
export function isProbeable(target: string, pid?: number): boolean {
  try {
    locateUprobe(parseUprobeTarget(target), pid);
    return true;
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof InvalidArgumentError) return false;
    throw error;
  }
}

/** @throws {NotFoundError} {PermissionError} {MalformedError} when it is no ELF file */
export function readBinary(path: string): ElfFile {
  const bytes = readBytes(hostFiles, path);
  try {
    return readElf(bytes);
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause;
    throw new MalformedError(`cannot read ${path}: ${cause.message}`, "name a program or a library", {
      cause,
    });
  }
}
