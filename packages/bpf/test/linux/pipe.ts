import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Pipe {
  readonly read: number;
  readonly write: number;
  drain(): void;
  close(): void;
}

/** Two ends of a named pipe in a directory that is gone again before this returns. */
export function openPipe(): Pipe {
  const directory = mkdtempSync(join(tmpdir(), "skep-pipe-"));
  const path = join(directory, "pipe");
  execFileSync("mkfifo", [path]);
  const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const write = openSync(path, constants.O_WRONLY);
  rmSync(directory, { recursive: true });
  return {
    read,
    write,
    drain: () => void readSync(read, new Uint8Array(64)),
    close() {
      closeSync(read);
      closeSync(write);
    },
  };
}
