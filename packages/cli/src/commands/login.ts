import { readFileSync } from "node:fs";
import { looksLikeReference } from "@skep/package";
import {
  parseReference,
  RegistryClient,
  withCredentials,
  withoutCredentials,
} from "@skep/package/distribution";
import { UsageError } from "@skep/runtime";
import { Command } from "commander";
import { ask, askSecret } from "../prompt.ts";
import { registryOptions } from "../registry.ts";
import { dockerConfigPath, readDockerConfig } from "../registry-credentials.ts";
import { writePrivateFile } from "../replace-file.ts";

interface LoginFlags {
  readonly user?: string;
  readonly password?: string;
  readonly passwordStdin?: boolean;
  readonly insecure?: boolean;
}

/** `skep login` and `ecli login`. */
export function loginCommand(program: string): Command {
  return new Command(`${program} login`)
    .usage("[OPTIONS] REGISTRY")
    .description("Log in to an OCI registry, for push, pull and run. The login is tried first.")
    .argument("<registry>", "HOST or HOST:PORT")
    .option("-u, --user <user>", "user; asked for when not given")
    .option("-p, --password <password>", "password or token; asked for when not given")
    .option("--password-stdin", "read the password from standard input")
    .option("--insecure", "plain http, for registries that are not on this machine")
    .helpOption("-h, --help", "print help")
    .addHelpText(
      "after",
      `
The login is kept in ~/.docker/config.json ($DOCKER_CONFIG/config.json), readable by its owner only, where docker and
others look as well.

Examples:
  ${program} login ghcr.io
  pass show ghcr | ${program} login -u owner --password-stdin ghcr.io`,
    )
    .action(async (registry: string, flags: LoginFlags) => {
      await login(registryName(registry), flags);
    });
}

/** `skep logout` and `ecli logout`. */
export function logoutCommand(program: string): Command {
  return new Command(`${program} logout`)
    .usage("REGISTRY")
    .description("Forget the login to an OCI registry.")
    .argument("<registry>", "HOST or HOST:PORT")
    .helpOption("-h, --help", "print help")
    .addHelpText("after", `\nExamples:\n  ${program} logout ghcr.io`)
    .action((registry: string) => {
      const name = registryName(registry);
      const text = withoutCredentials(readDockerConfig(), name);
      if (text !== undefined) writePrivateFile(dockerConfigPath(), text);
      process.stderr.write(text === undefined ? `there is no login to ${name}\n` : `logged out of ${name}\n`);
    });
}

async function login(registry: string, flags: LoginFlags): Promise<void> {
  const config = readDockerConfig();
  const user = flags.user ?? (await ask("User: "));
  const password = await passwordFor(flags);
  if (user === "" || user.includes(":"))
    throw new UsageError("a user's name is not empty and has no colon", "");
  const access = { user, password, insecure: flags.insecure === true };
  const reference = parseReference(`${registry}/login`);
  await new RegistryClient(reference, "pull", registryOptions(registry, access)).ping();
  writePrivateFile(dockerConfigPath(), withCredentials(config, registry, user, password));
  process.stderr.write(`logged in to ${registry} as ${user}; kept in ${dockerConfigPath()}\n`);
}

async function passwordFor({ password, passwordStdin }: LoginFlags): Promise<string> {
  if (password !== undefined) return password;
  if (passwordStdin === true) return readFileSync(0, "utf8").replace(/\r?\n$/, "");
  return askSecret("Password: ");
}

/** `https://ghcr.io/` is meant as `ghcr.io`. */
function registryName(text: string): string {
  const name = text.replace(/^(?:https?|oci):\/\//, "").replace(/\/+$/, "");
  if (!looksLikeReference(`${name}/x`))
    throw new UsageError(
      `${JSON.stringify(text)} is no registry`,
      "write HOST or HOST:PORT, such as ghcr.io",
    );
  return parseReference(`${name}/x`).registry;
}
