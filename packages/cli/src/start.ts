import { isatty } from "node:tty";

/**
 * Runs a command to its end. Nothing escapes: what goes wrong is one or two lines on standard error and an exit code.
 * @param name begins every line on standard error
 */
export async function start(
  name: string,
  command: (args: readonly string[]) => Promise<number>,
): Promise<void> {
  const written = watchOutput();
  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  try {
    process.exitCode = await command(process.argv.slice(2));
    await written();
  } catch (error) {
    // Only now: the words for an error need most of the library, and most runs have none.
    const { explain } = await import("@skep/runtime");
    const { lines, exitCode } = explain(error);
    process.stderr.write(`${name}: ${lines.join("\n  ")}\n`);
    if (process.env.SKEP_DEBUG !== undefined && error instanceof Error)
      process.stderr.write(`${error.stack}\n`);
    process.exitCode = exitCode;
  }
  // Node.js resets its terminals at the end, and aborts, with a core dump, when one was closed.
  if (!terminals.every((fd) => isatty(fd))) hangUp();
}

/** Ends as SIGHUP ends a process that does nothing about it. */
function hangUp(): void {
  process.removeAllListeners("SIGHUP");
  process.kill(process.pid, "SIGHUP");
}

/**
 * `skep tools | head -1`: the reader has what it wants, and that is no error. A full disk is one.
 * @returns a function that rejects with what kept standard output from being written
 */
function watchOutput(): () => Promise<void> {
  let failure: NodeJS.ErrnoException | undefined;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") failure ??= error;
  });
  process.stderr.on("error", () => {});
  return async () => {
    // What could not be written to a file is known in the next turn of the loop.
    await new Promise((resolve) => setImmediate(resolve));
    if (failure !== undefined) throw failure;
  };
}
