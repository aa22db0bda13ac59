import { TransferError } from "./transfer-error.ts";

export interface Request {
  readonly method?: "GET" | "HEAD" | "POST" | "PUT";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** Bytes of the answer's body, after any decompression. */
  readonly maxBytes: number;
  /** Milliseconds for the whole exchange, redirects included. Default two minutes. */
  readonly timeout?: number;
  /** Whether plain http may be used with this host. */
  readonly mayUseHttp?: (url: URL) => boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
}

const TIMEOUT = 120_000;
const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * `fetch` with a limit on everything: bytes, time, redirects. A redirect to another origin loses the credentials;
 * one from https to http is refused.
 * @throws {TransferError} when there is no answer; an answer with an error status is the caller's to judge
 */
export async function boundedFetch(address: URL | string, request: Request): Promise<Answer> {
  let url = parseUrl(address);
  let headers = { ...request.headers };
  const timeout = request.timeout ?? TIMEOUT;
  const signal = AbortSignal.timeout(timeout);
  try {
    for (let redirects = 0; ; redirects++) {
      refuseScheme(url, request.mayUseHttp ?? (() => true));
      const response = await fetch(url, {
        method: request.method ?? "GET",
        headers,
        redirect: "manual",
        signal,
        ...(request.body === undefined ? {} : { body: request.body as NonNullable<RequestInit["body"]> }),
      });
      const location = response.headers.get("location");
      const moves = REDIRECTS.has(response.status) && location !== null && request.body === undefined;
      if (!moves) return await answerOf(response, url, request.maxBytes);
      await response.body?.cancel();
      if (redirects === MAX_REDIRECTS)
        throw refused(`${shown(url)} redirects more than ${MAX_REDIRECTS} times`, "give the final address");
      const next = parseUrl(location, url);
      if (url.protocol === "https:" && next.protocol !== "https:")
        throw refused(
          `${shown(url)} redirects from https to ${next.protocol.slice(0, -1)}`,
          "give the final address",
        );
      if (next.origin !== url.origin) headers = withoutCredentials(headers);
      url = next;
    }
  } catch (cause) {
    if (cause instanceof TransferError) throw cause;
    if (signal.aborted)
      throw new TransferError(
        "unreachable",
        `${shown(url)} did not answer completely within ${timeout / 1000} s`,
        "try again, or fetch it by other means and give the file",
        { cause },
      );
    throw new TransferError("unreachable", `cannot reach ${shown(url)}: ${reason(cause)}`, advice(cause), {
      cause,
    });
  }
}

/** An address without what must not be shown: password, query with its tokens. */
export function shown(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

function parseUrl(text: URL | string, base?: URL): URL {
  if (text instanceof URL) return text;
  try {
    return new URL(text, base);
  } catch (cause) {
    throw new TransferError(
      "refused",
      `${JSON.stringify(text.slice(0, 200))} is no address`,
      "check its spelling",
      {
        cause,
      },
    );
  }
}

function refuseScheme(url: URL, mayUseHttp: (url: URL) => boolean): void {
  if (url.username !== "" || url.password !== "")
    throw refused(`${shown(url)} carries a password in the address`, "use an address without one");
  if (url.protocol === "https:" || (url.protocol === "http:" && mayUseHttp(url))) return;
  throw refused(
    `${shown(url)} is not https`,
    url.protocol === "http:" ? "use https, or allow plain http with --insecure" : "use an https address",
  );
}

async function answerOf(response: Response, url: URL, maxBytes: number): Promise<Answer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes)
      // Leaving the loop cancels the body.
      throw refused(`${shown(url)} sends more than ${maxBytes} bytes`, "check that it is the right address");
    chunks.push(chunk);
  }
  return {
    status: response.status,
    headers: response.headers,
    body: new Uint8Array(Buffer.concat(chunks)),
    url,
  };
}

function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !/^(?:authorization|cookie)$/i.test(name)),
  );
}

function refused(message: string, next: string): TransferError {
  return new TransferError("refused", message, next);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: "there is no host of that name",
  EAI_AGAIN: "names cannot be resolved now",
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the connection was reset",
  UND_ERR_SOCKET: "the connection was closed in the middle",
  ENETUNREACH: "there is no route",
  EHOSTUNREACH: "there is no route",
  UND_ERR_CONNECT_TIMEOUT: "the connection was not answered",
  ERR_SSL_WRONG_VERSION_NUMBER: "it does not speak TLS",
  CERT_HAS_EXPIRED: "its certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is signed by itself",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is signed by nobody we know",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is signed by nobody we know",
};

function reason(error: unknown): string {
  const { code, message } = rootOf(error);
  return REASONS[code] ?? (code === "" ? message : code);
}

function advice(error: unknown): string {
  return isCertificateProblem(error)
    ? "name the authority's certificate in NODE_EXTRA_CA_CERTS"
    : "check the name and the network, or give a file";
}

/** Whether a failure was the server's certificate: it does speak TLS, and nothing less will do. */
export function isCertificateProblem(error: unknown): boolean {
  return /CERT|LEAF/.test(rootOf(error).code);
}

/** fetch wraps what happened; a failed connection to several addresses is wrapped twice. */
function rootOf(error: unknown): { readonly code: string; readonly message: string } {
  let inner: unknown = error;
  let message = "no answer";
  for (let depth = 0; depth < 4 && inner instanceof Error; depth++) {
    message = inner.message.split("\n")[0] || message;
    if ("code" in inner && typeof inner.code === "string") return { code: inner.code, message };
    inner = inner instanceof AggregateError ? inner.errors[0] : inner.cause;
  }
  return { code: "", message };
}
