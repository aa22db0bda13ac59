import { UsageError } from "@skep/runtime";
import type { Command } from "commander";
import { ask, askSecret } from "../prompt.ts";
import type { RegistryAccess } from "../registry.ts";

/** What every command that talks to a registry is told about who we are. */
export interface AccessFlags {
  readonly prompt?: boolean;
  readonly user?: string;
  readonly password?: string;
  readonly insecure?: boolean;
}

export const WHO = `Without -i or -u, logins of skep login, docker login and podman login --compat-auth-file are used
(~/.docker/config.json), else none.`;

/** The options that `access` reads. */
export function addAccessOptions(command: Command): Command {
  return command
    .option("-i, --prompt", "ask for user and password")
    .option("-u, --user <user>", "user at the registry")
    .option("-p, --password <password>", "password or token of the user")
    .option("--insecure", "plain http, for registries that are not on this machine")
    .helpOption("-h, --help", "print help");
}

/** @throws {UsageError} for options that contradict each other */
export async function access(flags: AccessFlags): Promise<RegistryAccess> {
  const { prompt, user, password, insecure = false } = flags;
  if (prompt !== true)
    return {
      insecure,
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { password }),
    };
  if (password !== undefined)
    throw new UsageError("-i asks for the password that -p gives", "leave one of them out");
  return { insecure, user: user ?? (await ask("User: ")), password: await askSecret("Password: ") };
}
