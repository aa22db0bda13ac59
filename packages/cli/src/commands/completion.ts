import { UsageError } from "@skep/runtime";
import { completionScript, SHELLS } from "../completion/scripts.ts";

const HELP = `Print a script that completes command lines of skep, ecc and ecli: commands, bundled tools, and each tool's flags.

Usage: skep completion bash|zsh|fish

Examples:
  source <(skep completion bash)                                     for this shell
  skep completion bash > /etc/bash_completion.d/skep                 for all
  skep completion zsh >> ~/.zshrc                                    after compinit
  skep completion fish > ~/.config/fish/conf.d/skep.fish
`;

/** `skep completion SHELL`. @returns the exit code @throws {UsageError} */
export function completion(args: readonly string[]): number {
  const [name] = args;
  if (name === "-h" || name === "--help") {
    process.stdout.write(HELP);
    return 0;
  }
  const shell = SHELLS.find((known) => known === name);
  if (shell === undefined || args.length > 1)
    throw new UsageError(
      name === undefined ? "no shell given" : `there is no completion for ${args.join(" ")}`,
      `give one of ${SHELLS.join(", ")}`,
    );
  for (const command of ["skep", "ecc", "ecli"]) process.stdout.write(completionScript(shell, command));
  return 0;
}
