/** The command `ecc`: compiles a source file into a package. Resolves to the exit code. */
export async function ecc(args: readonly string[]): Promise<number> {
  const { runCommander } = await import("./commands/run-commander.ts");
  const { compileCommand } = await import("./commands/compile.ts");
  return runCommander(compileCommand("ecc"), args);
}
