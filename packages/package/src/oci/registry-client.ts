import { MalformedError } from "@skep/bpf";
import { type Answer, boundedFetch, isCertificateProblem, type Request, shown } from "../bounded-fetch.ts";
import { TransferError } from "../transfer-error.ts";
import type { Credentials } from "./credentials.ts";
import { digestOf, verifyDigest } from "./digest.ts";
import { type Descriptor, INDEX_TYPES, MANIFEST_TYPES } from "./manifest.ts";
import { isLoopback, type Reference } from "./reference.ts";
import { RegistryAuthorizer } from "./registry-authorizer.ts";

export interface RegistryOptions {
  /** Called when, and only when, the registry wants to know who asks. */
  readonly credentials?: () => Promise<Credentials | undefined>;
  /** Plain http, also with registries elsewhere. */
  readonly insecure?: boolean;
  /** Milliseconds for one request. */
  readonly timeout?: number;
}

/** Manifests are a page of text. */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
/** Error pages and tokens. */
const MAX_SMALL_BYTES = 1024 * 1024;

/** One repository of a registry, spoken to as the OCI distribution-spec says. Every digest is verified. */
export class RegistryClient {
  readonly #reference: Reference;
  readonly #host: string;
  #origin: Promise<string> | undefined;
  readonly #options: RegistryOptions;
  readonly #authorizer: RegistryAuthorizer;

  constructor(reference: Reference, actions: "pull" | "pull,push", options: RegistryOptions = {}) {
    const { registry } = reference;
    // Docker's hub answers under another name than it is called.
    const host =
      registry === "docker.io" || registry === "index.docker.io" ? "registry-1.docker.io" : registry;
    this.#reference =
      host === "registry-1.docker.io" && !reference.repository.includes("/")
        ? { ...reference, repository: `library/${reference.repository}` }
        : reference;
    this.#host = host;
    this.#options = options;
    this.#authorizer = new RegistryAuthorizer({
      credentials: options.credentials ?? (async () => undefined),
      scope: `repository:${this.#reference.repository}:${actions}`,
      registry,
      send: (url, request) => this.#send(url, request),
    });
  }

  /**
   * The manifest (or index) under a tag or digest, verified, and its digest.
   * @throws {TransferError} {MalformedError}
   */
  async manifest(
    tagOrDigest: string,
  ): Promise<{ readonly bytes: Uint8Array; readonly digest: string; readonly type: string }> {
    const answer = await this.#authorized(await this.#url(`manifests/${tagOrDigest}`), {
      headers: { accept: [...MANIFEST_TYPES, ...INDEX_TYPES].join(", ") },
      maxBytes: MAX_MANIFEST_BYTES,
    });
    this.#expect(answer, [200]);
    const digest = digestOf(answer.body);
    if (tagOrDigest.startsWith("sha256:")) verifyDigest(answer.body, tagOrDigest, "the manifest");
    const stated = answer.headers.get("docker-content-digest");
    if (stated?.startsWith("sha256:")) verifyDigest(answer.body, stated, "the manifest");
    return { bytes: answer.body, digest, type: mediaType(answer) };
  }

  /** A blob's bytes, verified. @throws {TransferError} {MalformedError} */
  async blob({ digest, size }: Descriptor, what: string, maxBytes: number): Promise<Uint8Array> {
    if (size > maxBytes)
      throw new MalformedError(
        `${what} has ${size} bytes, more than ${maxBytes}`,
        "check that it is the right reference",
      );
    const answer = await this.#authorized(await this.#url(`blobs/${digest}`), {
      headers: { "accept-encoding": "identity" },
      maxBytes: size,
    });
    this.#expect(answer, [200]);
    verifyDigest(answer.body, digest, what);
    return answer.body;
  }

  async hasBlob(digest: string): Promise<boolean> {
    const request = { method: "HEAD", maxBytes: MAX_SMALL_BYTES } as const;
    const answer = await this.#authorized(await this.#url(`blobs/${digest}`), request);
    if (answer.status === 404) return false;
    this.#expect(answer, [200]);
    return true;
  }

  /** Uploads a blob in one piece, unless the repository has it. @throws {TransferError} */
  async pushBlob(bytes: Uint8Array): Promise<void> {
    const digest = digestOf(bytes);
    if (await this.hasBlob(digest)) return;
    const begun = await this.#authorized(await this.#url("blobs/uploads/"), {
      method: "POST",
      maxBytes: MAX_SMALL_BYTES,
    });
    this.#expect(begun, [202]);
    const location = begun.headers.get("location");
    if (location === null) throw this.#refused("names no place for an upload");
    const target = new URL(location, begun.url);
    target.searchParams.set("digest", digest);
    const sent = await this.#authorized(target, {
      method: "PUT",
      headers: { "content-type": "application/octet-stream" },
      body: bytes,
      maxBytes: MAX_SMALL_BYTES,
    });
    this.#expect(sent, [201, 204]);
  }

  /** @returns the manifest's digest @throws {TransferError} */
  async pushManifest(bytes: Uint8Array, type: string, tagOrDigest: string): Promise<string> {
    const answer = await this.#authorized(await this.#url(`manifests/${tagOrDigest}`), {
      method: "PUT",
      headers: { "content-type": type },
      body: bytes,
      maxBytes: MAX_SMALL_BYTES,
    });
    this.#expect(answer, [200, 201]);
    return digestOf(bytes);
  }

  /** Whether the registry takes the credentials. @throws {TransferError} when it does not */
  async ping(): Promise<void> {
    const answer = await this.#authorized(new URL(`${await this.#findOrigin()}/v2/`), {
      maxBytes: MAX_SMALL_BYTES,
    });
    this.#expect(answer, [200]);
  }

  async #url(path: string): Promise<URL> {
    return new URL(`${await this.#findOrigin()}/v2/${this.#reference.repository}/${path}`);
  }

  /** https, or where plain http is allowed whichever of the two is spoken. */
  #findOrigin(): Promise<string> {
    this.#origin ??= this.#mayUseHttp(this.#host) ? this.#probe() : Promise.resolve(`https://${this.#host}`);
    return this.#origin;
  }

  async #probe(): Promise<string> {
    const secure = `https://${this.#host}`;
    try {
      await this.#send(new URL(`${secure}/v2/`), { method: "HEAD", maxBytes: MAX_SMALL_BYTES });
      return secure;
    } catch (error) {
      if (!(error instanceof TransferError) || isCertificateProblem(error.cause)) throw error;
      return `http://${this.#host}`;
    }
  }

  #mayUseHttp(host: string): boolean {
    return this.#options.insecure === true || isLoopback(host);
  }

  /** A request with what the registry wants to see. Credentials go to the registry's own origin and nowhere else. */
  async #authorized(url: URL, request: Request): Promise<Answer> {
    const own = url.origin === new URL(await this.#findOrigin()).origin;
    const withHeader = (authorization: string | undefined): Request =>
      authorization === undefined || !own
        ? request
        : { ...request, headers: { ...request.headers, authorization } };
    const answer = await this.#send(url, withHeader(this.#authorizer.header));
    if (answer.status !== 401 || !own) return answer;
    if (!(await this.#authorizer.answer(answer.headers.get("www-authenticate") ?? ""))) return answer;
    return this.#send(url, withHeader(this.#authorizer.header));
  }

  #send(url: URL, request: Request): Promise<Answer> {
    const { timeout } = this.#options;
    return boundedFetch(url, {
      ...request,
      mayUseHttp: (target) => this.#mayUseHttp(target.host),
      ...(timeout === undefined ? {} : { timeout }),
    });
  }

  #expect(answer: Answer, wanted: readonly number[]): void {
    const { status, url } = answer;
    if (wanted.includes(status)) return;
    const { registry, repository } = this.#reference;
    const detail = registryMessage(answer);
    if (status === 401 || status === 403)
      throw new TransferError(
        "denied",
        `${registry} does not let ${this.#authorizer.asked ? "this user" : "everybody"} do this with ${repository} (status ${status})${detail}`,
        `check the name, or log in: skep login ${registry}`,
      );
    if (status === 404)
      throw new TransferError(
        "missing",
        `${registry} has no ${pathOf(url)} in ${repository}${detail}`,
        "check name and tag",
      );
    throw this.#refused(`answers ${shown(url)} with status ${status}${detail}`);
  }

  #refused(problem: string): TransferError {
    return new TransferError(
      "refused",
      `${this.#reference.registry} ${problem}`,
      "check that it is an OCI registry, or try again later",
    );
  }
}

function pathOf(url: URL): string {
  return url.pathname
    .split("/")
    .slice(-2)
    .join(" ")
    .replace(/^manifests /, "")
    .replace(/^blobs/, "blob");
}

function mediaType(answer: Answer): string {
  return (answer.headers.get("content-type") ?? "").split(";")[0]?.trim() ?? "";
}

/** What the registry itself says: the first of `errors` (distribution-spec, "Error codes"), cut and on one line. */
function registryMessage({ body }: Answer): string {
  try {
    const { errors } = JSON.parse(new TextDecoder().decode(body.subarray(0, 16_384))) as {
      readonly errors?: readonly { readonly message?: unknown }[];
    };
    const message = errors?.[0]?.message;
    if (typeof message !== "string" || message === "") return "";
    return `: ${message.replace(/[^\x20-\x7e]+/g, " ").slice(0, 200)}`;
  } catch {
    return "";
  }
}
