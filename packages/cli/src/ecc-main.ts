/** The command `ecc`: compiles a source file into a package. Resolves to the exit code. */
export async function ecc(args: readonly string[]): Promise<number> {
  if (args[0] === "complete" && args[1] === "--")
    return (await import("./completion/complete.ts")).complete("ecc", args.slice(2));
  const { runCommander } = await import("./commands/run-commander.ts");
  const { compileCommand } = await import("./commands/compile.ts");
  return runCommander(compileCommand("ecc"), args);
}
