import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { homeDirectory, type JsonObject } from "@skep/package";
import {
  type Credentials,
  credentialSource,
  parseDockerConfig,
  readHelperAnswer,
} from "@skep/package/distribution";
import { UsageError } from "@skep/runtime";

/** Credentials on the command line. */
export interface GivenCredentials {
  readonly user?: string;
  readonly password?: string;
}

/** Where Docker, podman's compatible tools and we keep logins: `$DOCKER_CONFIG/config.json`, `~/.docker/config.json`. */
export function dockerConfigPath(): string {
  const directory = process.env.DOCKER_CONFIG;
  return join(
    directory === undefined || directory === "" ? join(homeDirectory(), ".docker") : directory,
    "config.json",
  );
}

/** The file's content; an empty object when there is none. @throws {MalformedError} */
export function readDockerConfig(): JsonObject {
  const path = dockerConfigPath();
  try {
    return parseDockerConfig(readFileSync(path), path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
}

/** Who to be for a registry: whom the command line says, else whom Docker's configuration knows. Asked when needed. */
export function registryCredentials(
  registry: string,
  { user, password }: GivenCredentials,
): () => Promise<Credentials | undefined> {
  if ((user === undefined) !== (password === undefined))
    throw new UsageError(
      `--${user === undefined ? "user" : "password"} is missing`,
      "give both -u USER and -p PASSWORD, or -i to be asked",
    );
  let found: Credentials | undefined;
  let looked = false;
  return async () => {
    if (user !== undefined && password !== undefined) return { kind: "password", user, password };
    if (!looked) found = configuredCredentials(registry);
    looked = true;
    return found;
  };
}

function configuredCredentials(registry: string): Credentials | undefined {
  const source = credentialSource(readDockerConfig(), registry);
  if (source?.kind !== "helper") return source?.credentials;
  return askHelper(source.helper, source.server);
}

/** The protocol of docker-credential-helpers: the server's name in, JSON out. */
function askHelper(helper: string, server: string): Credentials | undefined {
  const program = `docker-credential-${helper}`;
  const { status, stdout, error } = spawnSync(program, ["get"], {
    input: server,
    maxBuffer: 64 * 1024,
    timeout: 30_000,
    stdio: ["pipe", "pipe", "inherit"],
  });
  if (error !== undefined)
    throw new UsageError(
      `${program}, which ${dockerConfigPath()} names, cannot be run: ${error.message}`,
      "install it, or give -u and -p",
    );
  // A failure means that it knows no login: then we are nobody.
  return status === 0 ? readHelperAnswer(stdout) : undefined;
}
