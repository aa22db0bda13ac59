import { randomUUID } from "node:crypto";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliDecompressSync } from "node:zlib";
import { refuseOldNode } from "../refuse-old-node.ts";
import { digestOf, ENTRY, type Manifest, PROGRAM } from "./layout.ts";

/**
 * Unpacks a standalone program and runs it. Native code can only be loaded from a file: all files are kept in a private folder
 * named by their digest, and checked each time.
 * @param bytes the manifest's line, and the compressed files
 */
export async function unpackAndRun(bytes: Buffer, args: readonly string[]): Promise<void> {
  const end = bytes.indexOf("\n");
  const manifest = JSON.parse(bytes.toString("utf8", 0, end)) as Manifest;
  if (refuseOldNode(manifest.name)) return;
  if (!manifest.platforms.includes(`${process.platform}-${process.arch}`)) return refuse(manifest);
  const folder = unpack(manifest, bytes.subarray(end + 1));
  const entry = (await import(pathToFileURL(join(folder, ENTRY)).href)) as typeof import("./run.ts");
  await entry.run(manifest.name, readFileSync(join(folder, PROGRAM)), args);
}

/** Exit code 69, as sysexits.h has it: not supported here. */
function refuse({ name, platforms }: Manifest): void {
  process.stderr.write(
    `${name}: made for ${platforms.join(", ")}, and this is ${process.platform}-${process.arch}\n` +
      `  make it again with ecc --standalone on such a machine, or run its package with skep run\n`,
  );
  process.exitCode = 69;
}

function unpack(manifest: Manifest, compressed: Buffer): string {
  const home = cacheFolder();
  const kept = home === undefined ? undefined : join(home, manifest.digest);
  if (kept !== undefined && isIntact(kept, manifest)) return kept;
  const contents = brotliDecompressSync(compressed);
  if (home !== undefined && kept !== undefined && keep(home, kept, manifest, contents)) return kept;
  const spare = mkdtempSync(join(tmpdir(), "skep-standalone-"));
  process.on("exit", () => rmSync(spare, { recursive: true, force: true }));
  writeFiles(spare, manifest, contents);
  return spare;
}

/** Undefined when the user has no cache that is only theirs, as under `sudo` with another one's home. */
function cacheFolder(): string | undefined {
  try {
    // A user whom nobody knows has no home: homedir() throws.
    const base = process.env.XDG_CACHE_HOME?.startsWith("/")
      ? process.env.XDG_CACHE_HOME
      : join(homedir(), ".cache");
    const folder = join(base, "skep", "standalone");
    for (const path of [base, join(base, "skep"), folder]) if (!isPrivateFolder(path)) return undefined;
    return folder;
  } catch {
    return undefined;
  }
}

/** Made when it is not there. One at a time: asked for all at once, Node tries for ever where /proc refuses. */
function isPrivateFolder(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return isOurs(path);
  }
}

function isOurs(path: string): boolean {
  const { uid, mode } = statSync(path);
  return uid === process.getuid?.() && (mode & 0o022) === 0;
}

function isIntact(folder: string, { files }: Manifest): boolean {
  try {
    if (!lstatSync(folder).isDirectory() || !isOurs(folder)) return false;
    return files.every(({ path, sha256 }) => digestOf(readFileSync(join(folder, path))) === sha256);
  } catch {
    return false;
  }
}

/** Written aside and renamed, so that two runs at once never see half of it. False when that is not possible. */
function keep(home: string, kept: string, manifest: Manifest, contents: Buffer): boolean {
  const aside = join(home, `.${randomUUID()}`);
  try {
    writeFiles(aside, manifest, contents);
    rmSync(kept, { recursive: true, force: true });
    renameSync(aside, kept);
    return true;
  } catch {
    rmSync(aside, { recursive: true, force: true });
    return isIntact(kept, manifest);
  }
}

function writeFiles(folder: string, { files }: Manifest, contents: Buffer): void {
  let at = 0;
  for (const { path, size } of files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, contents.subarray(at, at + size), { mode: 0o600 });
    at += size;
  }
}
