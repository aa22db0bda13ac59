import type { Answer, Request } from "../bounded-fetch.ts";
import { TransferError } from "../transfer-error.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import type { Credentials } from "./credentials.ts";

interface Needs {
  readonly credentials: () => Promise<Credentials | undefined>;
  /** `repository:owner/name:pull` */
  readonly scope: string;
  readonly registry: string;
  readonly send: (url: URL, request: Request) => Promise<Answer>;
}

const MAX_TOKEN_BYTES = 1024 * 1024;

/** Answers a registry's challenges: Basic, or Bearer with a token from the service it names. */
export class RegistryAuthorizer {
  /** The header to send, once there is one. */
  header: string | undefined;
  /** Whether credentials were found and used. */
  asked = false;
  readonly #needs: Needs;

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /**
   * Answers `WWW-Authenticate`. @returns whether there is a new answer to try
   * @throws {TransferError} when the token service refuses
   */
  async answer(wwwAuthenticate: string): Promise<boolean> {
    const challenges = parseChallenges(wwwAuthenticate);
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    const before = this.header;
    const credentials = await this.#needs.credentials();
    this.asked = credentials !== undefined;
    if (bearer !== undefined) this.header = `Bearer ${await this.#token(bearer, credentials)}`;
    else if (challenges.some(({ scheme }) => scheme === "basic") && credentials?.kind === "password")
      this.header = basic(credentials);
    return this.header !== before;
  }

  async #token({ parameters }: Challenge, credentials: Credentials | undefined): Promise<string> {
    const realm = parameters.get("realm");
    if (realm === undefined || !URL.canParse(realm)) throw this.#refused("names no token service");
    const url = new URL(realm);
    const service = parameters.get("service") ?? "";
    // A challenge to an upload may name fewer rights than we will need.
    const scope = this.#needs.scope;
    const answer =
      credentials?.kind === "identity-token"
        ? await this.#needs.send(url, refreshRequest(credentials.token, service, scope))
        : await this.#needs.send(withQuery(url, { service, scope }), {
            maxBytes: MAX_TOKEN_BYTES,
            ...(credentials === undefined ? {} : { headers: { authorization: basic(credentials) } }),
          });
    if (answer.status === 401 || answer.status === 403)
      throw new TransferError(
        "denied",
        credentials === undefined
          ? `${this.#needs.registry} does not let everybody do this`
          : `${this.#needs.registry} does not accept this user and password`,
        `log in: skep login ${this.#needs.registry}`,
      );
    if (answer.status !== 200) throw this.#refused(`gives no token (status ${answer.status})`);
    return tokenOf(answer.body) ?? this.#fail("gives no token");
  }

  #fail(problem: string): never {
    throw this.#refused(problem);
  }

  #refused(problem: string): TransferError {
    return new TransferError("refused", `${this.#needs.registry} ${problem}`, "try again later");
  }
}

function basic({ user, password }: Credentials & { kind: "password" }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

/** OAuth2, as `docker login` with an identity token expects it. */
function refreshRequest(token: string, service: string, scope: string): Request {
  return {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      grant_type: "refresh_token",
      service,
      scope,
      client_id: "skep",
      refresh_token: token,
    }).toString(),
    maxBytes: MAX_TOKEN_BYTES,
  };
}

function withQuery(url: URL, parameters: Readonly<Record<string, string>>): URL {
  const result = new URL(url);
  for (const [name, value] of Object.entries(parameters))
    if (value !== "") result.searchParams.set(name, value);
  return result;
}

/** A token becomes part of a header: nothing that could end the line. */
function tokenOf(body: Uint8Array): string | undefined {
  try {
    const { token, access_token } = JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>;
    const found = typeof token === "string" && token !== "" ? token : access_token;
    return typeof found === "string" && /^[\x21-\x7e]+$/.test(found) ? found : undefined;
  } catch {
    return undefined;
  }
}
