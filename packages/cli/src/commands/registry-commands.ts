import type { Command } from "commander";
import { runCommander } from "./run-commander.ts";

/** Commands about distributing programs. `program` is the name in examples. */
export async function registryCommand(
  name: "push" | "pull" | "login" | "logout" | "sign" | "verify",
  args: readonly string[],
  program: "skep" | "ecli",
): Promise<number> {
  return runCommander(await registryCommandOf(name, program), args);
}

/** The command itself, for running it and for completing its options. */
export async function registryCommandOf(
  name: Parameters<typeof registryCommand>[0],
  program: string,
): Promise<Command> {
  switch (name) {
    case "push":
      return (await import("./push.ts")).pushCommand(program);
    case "pull":
      return (await import("./pull.ts")).pullCommand(program);
    case "login":
      return (await import("./login.ts")).loginCommand(program);
    case "logout":
      return (await import("./login.ts")).logoutCommand(program);
    case "sign":
      return (await import("./sign.ts")).signCommand();
    case "verify":
      return (await import("./sign.ts")).verifyCommand();
  }
}
