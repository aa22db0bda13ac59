import { UsageError } from "@skep/runtime";
import { type Command, CommanderError } from "commander";

/**
 * Runs a commander command on arguments (without program name). Help and version end with 0.
 * @throws {UsageError} for what commander does not accept
 */
export async function runCommander(command: Command, args: readonly string[]): Promise<number> {
  command.exitOverride().configureOutput({ outputError: () => {} });
  try {
    await command.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    throw new UsageError(error.message.replace(/^error: /, ""), `${command.name()} --help lists the options`);
  }
  return Number(process.exitCode ?? 0);
}
