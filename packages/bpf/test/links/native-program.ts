import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface NativeProgram extends Disposable {
  readonly path: string;
  /** Runs it to its end. */
  run(...args: string[]): void;
}

/** False where `sys/sdt.h` (systemtap-sdt-dev) is not installed. */
export const hasSdtHeader = [
  "/usr/include/x86_64-linux-gnu/sys/sdt.h",
  "/usr/include/aarch64-linux-gnu/sys/sdt.h",
  "/usr/include/sys/sdt.h",
].some((path) => existsSync(path));

/** Compiles a C file of test/fixtures/native for this machine. */
export function compileNative(name: string, ...flags: string[]): NativeProgram {
  const directory = mkdtempSync(join(tmpdir(), "skep-native-"));
  const path = join(directory, name.replace(/\.c$/, ""));
  const source = fileURLToPath(new URL(`../fixtures/native/${name}`, import.meta.url));
  execFileSync("cc", ["-O2", "-o", path, source, ...flags]);
  return {
    path,
    run: (...args) => void execFileSync(path, args),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  };
}

export interface WaitingProcess extends Disposable {
  readonly pid: number;
  /** Lets it do its work, until it has written a line. */
  go(): Promise<void>;
}

/** Starts a process that waits for a line, works, writes a line and waits for its input to end. */
export function startWaiting(command: string, args: readonly string[]): WaitingProcess {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  if (child.pid === undefined) throw new Error(`cannot start ${command}`);
  return {
    pid: child.pid,
    go: () =>
      new Promise((resolve, reject) => {
        child.stdout.once("data", () => resolve());
        child.once("exit", () => reject(new Error(`${command} ended before it wrote anything`)));
        child.stdin.write("\n");
      }),
    [Symbol.dispose]: () => void child.kill(),
  };
}
