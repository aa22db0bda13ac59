import { InvalidArgumentError } from "@skep/bpf";

/** An artifact in a registry: `ghcr.io/owner/opensnoop:latest`, `localhost:5000/probe@sha256:…`. */
export interface Reference {
  /** Host, with its port where one is given. */
  readonly registry: string;
  readonly repository: string;
  /** Without tag and digest, `latest`. */
  readonly tag: string;
  /** Wins over the tag. */
  readonly digest: string | undefined;
}

const SCHEME = /^(?:oci|docker):\/\//;
const HOST =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?$/;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/**
 * Whether a text can only be meant as a reference: it says so (`oci://`), or begins with what must be a host
 * (a dot, a port, `localhost`) and goes on with a repository.
 */
export function looksLikeReference(text: string): boolean {
  if (SCHEME.test(text)) return true;
  const [host = "", ...rest] = text.split("/");
  return rest.length > 0 && rest[0] !== "" && !/^\.*$/.test(host) && isHost(host);
}

/**
 * Reads `[oci://]HOST[:PORT]/REPOSITORY[:TAG][@DIGEST]` (distribution-spec, "Pulling manifests"). The host is never left
 * out: no registry is the default one.
 * @throws {InvalidArgumentError}
 */
export function parseReference(text: string): Reference {
  const plain = text.replace(SCHEME, "");
  const slash = plain.indexOf("/");
  const registry = slash < 0 ? "" : plain.slice(0, slash);
  if (!isHost(registry))
    throw invalid(
      text,
      "it has no registry in front",
      "write HOST/NAME:TAG, such as ghcr.io/owner/opensnoop:latest",
    );
  const [named = "", digest, ...more] = plain.slice(slash + 1).split("@");
  if (more.length > 0 || (digest !== undefined && !isDigest(digest)))
    throw invalid(text, "what follows @ is no digest", "write @sha256: and 64 hexadecimal digits");
  const colon = named.indexOf(":");
  const repository = colon < 0 ? named : named.slice(0, colon);
  const tag = colon < 0 ? "latest" : named.slice(colon + 1);
  if (repository.length > 255 || !repository.split("/").every((component) => COMPONENT.test(component)))
    throw invalid(
      text,
      `${JSON.stringify(repository)} is no repository`,
      "use lower case letters, digits and . _ - /",
    );
  if (!TAG.test(tag))
    throw invalid(text, `${JSON.stringify(tag)} is no tag`, "use up to 128 letters, digits and . _ -");
  return { registry: registry.toLowerCase(), repository, tag, digest };
}

/** As one would write it. */
export function referenceText({ registry, repository, tag, digest }: Reference): string {
  return digest === undefined ? `${registry}/${repository}:${tag}` : `${registry}/${repository}@${digest}`;
}

/** Whether a registry is on this machine, where plain http harms nobody. */
export function isLoopback(registry: string): boolean {
  const host = registry.replace(/:[0-9]+$/, "");
  return host === "localhost" || host === "[::1]" || /^127(?:\.[0-9]{1,3}){3}$/.test(host);
}

function isHost(text: string): boolean {
  return HOST.test(text) && (/[.:]/.test(text) || text === "localhost") && text.length <= 253;
}

function invalid(text: string, problem: string, next: string): InvalidArgumentError {
  return new InvalidArgumentError(`${JSON.stringify(text.slice(0, 300))} is no reference: ${problem}`, next);
}

/** `sha256:` and 64 lower-case hexadecimal digits: the only algorithm that every registry has. */
export function isDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}
