import { explain, Stop } from "@skep/runtime";

/** Runs a WebAssembly program until it ends or somebody ends it. `args` begin with its own name. Resolves to the exit code. */
export async function runGuest(
  module: Uint8Array,
  name: string,
  args: readonly string[],
): Promise<{ readonly exitCode: number; readonly unread: number }> {
  const { runWasm } = await import("@skep/wasm");
  const interruption = new AbortController();
  using stop = new Stop();
  void stop.requested.then(() => interruption.abort());
  const say = (line: string) => void process.stderr.write(`${name}: ${line}\n`);
  const run = await runWasm(module, {
    args,
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: () => process.stdin,
    signal: interruption.signal,
    onProblem: (call, error) =>
      say(`${call}: ${typeof error === "string" ? error : explain(error).lines.join("\n  ")}`),
  });
  if (run.lost > 0n) say(`${run.lost} events found no room in perf buffers and are lost`);
  return run;
}
