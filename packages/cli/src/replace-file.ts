import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Writes a file that only its owner may read, in one step: whoever looks meanwhile sees the old file or the new one.
 * Directories that are missing are made.
 */
export function writePrivateFile(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  replaceFile(path, content, 0o600);
}

/** As `writePrivateFile`, with the rights of an ordinary file, or those of the file that is replaced. */
export function writePublicFile(path: string, content: string | Uint8Array): void {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0o666 & ~process.umask();
  replaceFile(path, content, mode & 0o777);
}

function replaceFile(path: string, content: string | Uint8Array, mode: number): void {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    writeFileSync(draft, content, { mode: 0o600, flag: "wx" });
    chmodSync(draft, mode);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
