import { InvalidArgumentError } from "@skep/bpf";
import { isJsonObject, type Json, type JsonObject, parseJson } from "../json.ts";
import { writeJson } from "../write-json.ts";

/** What proves to a registry who asks. */
export type Credentials =
  | { readonly kind: "password"; readonly user: string; readonly password: string }
  /** A refresh token, as `docker login` keeps it for some registries. */
  | { readonly kind: "identity-token"; readonly token: string };

/** Where `~/.docker/config.json` says that credentials are. */
export type CredentialSource =
  | { readonly kind: "here"; readonly credentials: Credentials }
  /** The program `docker-credential-NAME` has them, under the name `server`. */
  | { readonly kind: "helper"; readonly helper: string; readonly server: string };

/** Docker keeps its own hub under this name. */
const DOCKER_HUB = "https://index.docker.io/v1/";

/** @throws {MalformedError} when the file is no JSON object */
export function parseDockerConfig(bytes: Uint8Array, path: string): JsonObject {
  const json = parseJson(bytes, path, { maxBytes: 1024 * 1024 });
  if (!isJsonObject(json))
    throw new InvalidArgumentError(
      `${path} is not a JSON object`,
      "repair it, or move it away and log in again",
    );
  return json;
}

/** Whom to be for a registry; undefined for nobody. A helper named for the registry counts before `auths`. */
export function credentialSource(config: JsonObject, registry: string): CredentialSource | undefined {
  const servers = serverNames(registry);
  const helpers = isJsonObject(config.credHelpers) ? config.credHelpers : {};
  for (const server of servers) {
    const helper = helpers[server];
    if (isHelperName(helper)) return { kind: "helper", helper, server };
  }
  const auths = isJsonObject(config.auths) ? config.auths : {};
  for (const server of servers) {
    const credentials = readAuth(auths[server]);
    if (credentials !== undefined) return { kind: "here", credentials };
  }
  if (!isHelperName(config.credsStore)) return undefined;
  // The store's entries are listed in `auths` without a password.
  const server = servers.find((name) => auths[name] !== undefined) ?? servers[0];
  return server === undefined ? undefined : { kind: "helper", helper: config.credsStore, server };
}

/** What `docker-credential-NAME get` printed. Undefined when it has nothing. */
export function readHelperAnswer(bytes: Uint8Array): Credentials | undefined {
  const answer = parseJson(bytes, "the credential helper's answer", { maxBytes: 64 * 1024 });
  if (!isJsonObject(answer)) return undefined;
  const { Username: user, Secret: password } = answer;
  if (typeof user !== "string" || typeof password !== "string" || password === "") return undefined;
  return user === "<token>"
    ? { kind: "identity-token", token: password }
    : { kind: "password", user, password };
}

/** The file's text with credentials added; everything else in it is kept. */
export function withCredentials(
  config: JsonObject,
  registry: string,
  user: string,
  password: string,
): string {
  const auths = isJsonObject(config.auths) ? config.auths : {};
  const auth = Buffer.from(`${user}:${password}`).toString("base64");
  return configText({ ...config, auths: { ...auths, [serverNames(registry)[0] ?? registry]: { auth } } });
}

/** The file's text without credentials for a registry; undefined when it has none. */
export function withoutCredentials(config: JsonObject, registry: string): string | undefined {
  const auths = isJsonObject(config.auths) ? config.auths : {};
  const names = serverNames(registry);
  const kept = Object.entries(auths).filter(([name]) => !names.includes(name));
  if (kept.length === Object.keys(auths).length) return undefined;
  return configText({ ...config, auths: Object.fromEntries(kept) });
}

/** Under which names a registry may be in the file, the usual one first. */
function serverNames(registry: string): readonly string[] {
  if (registry === "docker.io" || registry === "registry-1.docker.io" || registry === "index.docker.io")
    return [DOCKER_HUB, "docker.io", "index.docker.io", "registry-1.docker.io"];
  return [
    registry,
    `https://${registry}`,
    `https://${registry}/v1/`,
    `https://${registry}/v2/`,
    `http://${registry}`,
  ];
}

function readAuth(entry: Json | undefined): Credentials | undefined {
  if (!isJsonObject(entry)) return undefined;
  if (typeof entry.identitytoken === "string" && entry.identitytoken !== "")
    return { kind: "identity-token", token: entry.identitytoken };
  if (typeof entry.username === "string" && typeof entry.password === "string")
    return { kind: "password", user: entry.username, password: entry.password };
  if (typeof entry.auth !== "string") return undefined;
  const text = Buffer.from(entry.auth, "base64").toString();
  const colon = text.indexOf(":");
  // Docker pads with NUL.
  return colon <= 0
    ? undefined
    : { kind: "password", user: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, "") };
}

/** Becomes part of a program's name: nothing that could lead to another directory. */
function isHelperName(value: Json | undefined): value is string {
  return typeof value === "string" && /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(value);
}

/** Docker's own layout, so that other programs' diffs stay small. */
function configText(config: JsonObject): string {
  return `${JSON.stringify(JSON.parse(writeJson(config)), null, "\t")}\n`;
}
