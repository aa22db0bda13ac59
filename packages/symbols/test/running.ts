import { spawn } from "node:child_process";
import { once } from "node:events";

/** A program that prints addresses in one line, and then waits. */
export interface Running extends AsyncDisposable {
  readonly pid: number;
  readonly addresses: readonly bigint[];
}

/** Starts a program and takes the addresses that it prints. */
export async function startProgram(file: string, args: readonly string[] = []): Promise<Running> {
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [output] = (await once(child.stdout, "data")) as [Buffer];
  return {
    pid: child.pid ?? 0,
    addresses: output.toString().trim().split(" ").map(BigInt),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await once(child, "close");
    },
  };
}
