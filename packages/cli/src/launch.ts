import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";
import * as zlib from "node:zlib";
import type { CommandName, main } from "./main.ts";
import { refuseOldNode } from "./refuse-old-node.ts";

/** Where the commands are, seen from here. Its name has a hash of what is in it; scripts/bundle.mjs puts it in. */
declare const COMMANDS: string;

/** After a program was attached, until its first events have been shown, in milliseconds. */
const SETTLED = 200;

/**
 * Runs a command out of the bundle, with V8's cache of its compiled code. To compile it takes a third of the time until a tool
 * is attached, so the first run that attaches one leaves the cache beside the bundle, as Python does with `__pycache__`:
 * whoever could write a false one there could change the bundle as well. Where nobody may write, every run compiles.
 */
export function launch(name: CommandName): void {
  if (refuseOldNode(name)) return;
  const file = fileURLToPath(new URL(COMMANDS, import.meta.url));
  const cacheFile = `${file}.${process.version}-${process.arch}.cache`;
  const cachedData = keptCode(cacheFile);
  // esbuild writes ASCII only.
  const script = new Script(readFileSync(file, "latin1"), {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  const module = {} as { readonly exports: { readonly main: typeof main } };
  script.runInThisContext()(module, createRequire(file), file, dirname(file));
  // V8 refuses a cache of another build or with other flags.
  const keep = () => void keepCode(cacheFile, script).catch(() => undefined);
  const missing = cachedData === undefined || script.cachedDataRejected;
  void module.exports.main(name, missing ? () => setTimeout(keep, SETTLED).unref() : undefined);
}

/**
 * V8 checks the build, the flags and the length of a cache, and dies of a byte that has changed: so four bytes of
 * checksum follow it. Node.js has one since 20.15; older ones keep nothing.
 */
function keptCode(cacheFile: string): Uint8Array | undefined {
  try {
    const file = readFileSync(cacheFile);
    const code = file.subarray(0, -4);
    return zlib.crc32(code) === file.readUInt32LE(code.length) ? code : undefined;
  } catch {
    return undefined;
  }
}

/** Whole and on the disk before it has its name. */
async function keepCode(cacheFile: string, script: Script): Promise<void> {
  const { open, rename, rm } = await import("node:fs/promises");
  const draft = `${cacheFile}.${process.pid}`;
  const code = script.createCachedData();
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(zlib.crc32(code));
  try {
    await using file = await open(draft, "wx");
    await file.writeFile(Buffer.concat([code, checksum]));
    await file.sync();
    await rename(draft, cacheFile);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
