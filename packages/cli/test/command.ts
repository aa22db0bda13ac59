import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly command?: "skep" | "ecli";
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What runs the command: `["unshare", "-m", …]`. */
  readonly prefix?: readonly string[];
}

/** Runs the built command to its end. */
export function command(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const bin = fileURLToPath(new URL(`../bin/${options.command ?? "skep"}.cjs`, import.meta.url));
  const [file = process.execPath, ...rest] = [...(options.prefix ?? []), process.execPath, bin, ...args];
  return new Promise((resolve) => {
    const child = execFile(
      file,
      rest,
      {
        cwd: options.cwd,
        env: { ...process.env, ...options.env },
        maxBuffer: 64 * 1024 * 1024,
        timeout: 60_000,
      },
      (error, stdout, stderr) => {
        resolve({
          code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1,
          stdout,
          stderr,
        });
      },
    );
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input ?? "");
  });
}
