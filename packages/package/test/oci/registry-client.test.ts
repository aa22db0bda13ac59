import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { MalformedError } from "@skep/bpf";
import { TransferError } from "@skep/package";
import {
  digestOf,
  parseReference,
  pullProgram,
  pushArtifact,
  type RegistryOptions,
} from "@skep/package/distribution";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sampleBytes } from "../sample-package.ts";

/** A registry that can be as wrong as no real one is: each test says what it answers. */
let server: Server;
let other: Server;
let registry: string;
let elsewhere: string;
let answers: (path: string, request: IncomingMessage) => Reply | undefined;
let seen: { readonly path: string; readonly authorization: string | undefined; readonly where: string }[] =
  [];

interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

const listening = async (where: string): Promise<Server> => {
  const one = createServer((request, response) => {
    const path = `${request.method} ${request.url}`;
    seen.push({ path, authorization: request.headers.authorization, where });
    request.resume().on("end", () => {
      const { status = 200, headers = {}, body = "" } = answers(path, request) ?? { status: 404 };
      response.writeHead(status, headers).end(body);
    });
  });
  await new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve));
  return one;
};

beforeAll(async () => {
  [server, other] = [await listening("registry"), await listening("elsewhere")];
  registry = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
});
beforeEach(() => {
  seen = [];
});
afterAll(() => {
  for (const one of [server, other]) {
    one.closeAllConnections();
    one.close();
  }
});

const blob = sampleBytes();
const entry = (bytes: Uint8Array, mediaType = "application/vnd.skep.package.v1+json") => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
});
const manifest = (layers: unknown = [entry(blob)], more: object = {}) =>
  JSON.stringify({ schemaVersion: 2, config: entry(Buffer.from("{}")), layers, ...more });

/** A registry with one manifest under any tag, and one blob. */
const holding =
  (text: string, bytes: Uint8Array | string = blob) =>
  (path: string): Reply | undefined =>
    path.includes("/manifests/") ? { body: text } : path.includes("/blobs/") ? { body: bytes } : undefined;

const pull = (text = `${registry}/a/b:1`, options: RegistryOptions = {}) =>
  pullProgram(parseReference(text), options);
const failure = (action: Promise<unknown>) =>
  action.then(
    () => undefined,
    (error: unknown) => error as Error,
  );

describe("pullProgram", () => {
  it("gives what the registry holds", async () => {
    answers = holding(manifest());
    const { bytes, digest } = await pull();
    expect(bytes).toEqual(blob);
    expect(digest).toBe(digestOf(Buffer.from(manifest())));
  });

  it.each<[string, string, (Uint8Array | string)?]>([
    ["a blob with other contents", manifest(), new Uint8Array(blob.length)],
    ["a blob that is too short", manifest(), "short"],
    ["a manifest that is no JSON", "<html>"],
    ["a manifest of 2015", '{"schemaVersion":1}'],
    ["a manifest without layers", '{"schemaVersion":2,"config":{}}'],
    ["a layer with a wrong digest", manifest([{ ...entry(blob), digest: "sha256:../../etc/passwd" }])],
    ["a layer of negative size", manifest([{ ...entry(blob), size: -1 }])],
    ["a layer of endless size", manifest([{ ...entry(blob), size: 1e15 }])],
    ["a manifest without anything to run", manifest([entry(blob, "text/plain")])],
    ["a manifest of nothing", manifest([])],
    ["an index of itself", JSON.stringify({ schemaVersion: 2, manifests: [entry(blob)] })],
    ["a manifest nested without end", `{"schemaVersion":2,"a":${"[".repeat(100_000)}`],
    ["a manifest with thousands of layers", manifest(Array(2000).fill(entry(blob)))],
  ])("refuses %s in one line", async (_what, text, bytes) => {
    answers = holding(text, bytes);
    const error = await failure(pull());
    expect(error).toBeInstanceOf(MalformedError);
    expect(error?.message).not.toContain("\n");
  });

  it("stops a blob that is longer than the manifest says", async () => {
    answers = holding(manifest(), new Uint8Array(blob.length + 1));
    expect(await failure(pull())).toBeInstanceOf(TransferError);
  });

  it("refuses a manifest that is not the one of the digest", async () => {
    answers = holding(manifest());
    const error = await failure(pull(`${registry}/a/b@sha256:${"0".repeat(64)}`));
    expect(error?.message).toContain("the manifest is not what it should be");
    answers = () => ({ body: manifest(), headers: { "docker-content-digest": `sha256:${"0".repeat(64)}` } });
    expect(await failure(pull())).toBeInstanceOf(MalformedError);
  });

  it("follows a blob to another host without the credentials", async () => {
    answers = (path, request) => {
      if (path.startsWith("GET /store")) return { body: blob };
      if (request.headers.authorization === undefined)
        return { status: 401, headers: { "www-authenticate": "Basic realm=x" } };
      if (path.includes("/manifests/")) return { body: manifest() };
      return { status: 307, headers: { location: `${elsewhere}/store` } };
    };
    await pull(undefined, {
      credentials: async () => ({ kind: "password", user: "me", password: "secret" }),
    });
    expect(seen.filter(({ where }) => where === "elsewhere")).toEqual([
      { path: "GET /store", authorization: undefined, where: "elsewhere" },
    ]);
    expect(seen.at(-2)?.authorization).toBe(`Basic ${Buffer.from("me:secret").toString("base64")}`);
  });

  it("shows no credentials to a registry that asks for none", async () => {
    answers = holding(manifest());
    let asked = 0;
    await pull(undefined, {
      credentials: async () => {
        asked++;
        return undefined;
      },
    });
    expect(asked).toBe(0);
  });

  it("gets a token for the registry that wants one", async () => {
    const challenge = {
      "www-authenticate": `Bearer realm="${elsewhere}/token",service="reg",scope="repository:a/b:pull"`,
    };
    answers = (path, { headers }) => {
      if (path.startsWith("GET /token")) return { body: '{"token":"abc"}' };
      if (headers.authorization !== "Bearer abc") return { status: 401, headers: challenge };
      return holding(manifest())(path);
    };
    await pull(undefined, {
      credentials: async () => ({ kind: "password", user: "me", password: "secret" }),
    });
    const asked = seen.filter(({ where }) => where === "elsewhere");
    expect(asked).toHaveLength(1);
    expect(asked[0]?.path).toBe("GET /token?service=reg&scope=repository%3Aa%2Fb%3Apull");
    expect(asked[0]?.authorization).toBe(`Basic ${Buffer.from("me:secret").toString("base64")}`);
    // One token serves for manifest and blob.
    expect(seen.filter(({ path }) => path.includes("/v2/"))).toHaveLength(3);
  });

  it("refreshes an identity token", async () => {
    const challenge = { "www-authenticate": `Bearer realm="${elsewhere}/token",service="reg"` };
    answers = (path, { headers }) => {
      if (path.startsWith("POST /token")) return { body: '{"access_token":"abc"}' };
      if (headers.authorization !== "Bearer abc") return { status: 401, headers: challenge };
      return holding(manifest())(path);
    };
    expect(
      (await pull(undefined, { credentials: async () => ({ kind: "identity-token", token: "t" }) })).bytes,
    ).toEqual(blob);
  });

  it.each<[string, Reply]>([
    ["a token with line breaks", { body: '{"token":"a\\r\\nX: y"}' }],
    ["no token", { body: "{}" }],
    ["a token service that refuses", { status: 401 }],
    ["a token service that is broken", { status: 500, body: "<html>" }],
  ])("gives up in one line on %s", async (_what, reply) => {
    answers = (path) =>
      path.startsWith("GET /token")
        ? reply
        : { status: 401, headers: { "www-authenticate": `Bearer realm="${elsewhere}/token"` } };
    const error = await failure(pull());
    expect(error).toBeInstanceOf(TransferError);
    expect(error?.message).not.toContain("\n");
  });

  it("does not ask for ever when nothing is good enough", async () => {
    answers = () => ({ status: 401, headers: { "www-authenticate": "Basic realm=x" } });
    const error = await failure(
      pull(undefined, { credentials: async () => ({ kind: "password", user: "me", password: "x" }) }),
    );
    expect((error as TransferError).problem).toBe("denied");
    expect(seen.length).toBeLessThan(4);
  });

  it("shows what the registry says, on one line", async () => {
    answers = () => ({
      status: 404,
      body: '{"errors":[{"code":"X","message":"no\\n\\u001b[31msuch thing"}]}',
    });
    expect((await failure(pull()))?.message).toMatch(/has no 1 in a\/b: no \[31msuch thing$/);
  });
});

describe("pushArtifact", () => {
  const artifact = {
    blobs: [blob],
    manifest: Buffer.from(manifest()),
    manifestType: "application/vnd.oci.image.manifest.v1+json",
  };
  const push = (options: RegistryOptions = {}) =>
    pushArtifact(artifact, parseReference(`${registry}/a/b:1`), options);

  it("uploads to where the registry says, without credentials when that is elsewhere", async () => {
    answers = (path, { headers }) => {
      if (path.startsWith("PUT /upload")) return { status: 201 };
      if (headers.authorization === undefined)
        return { status: 401, headers: { "www-authenticate": "Basic realm=x" } };
      if (path.startsWith("HEAD")) return { status: 404 };
      if (path.startsWith("POST"))
        return { status: 202, headers: { location: `${elsewhere}/upload?state=1` } };
      return { status: 201 };
    };
    await push({ credentials: async () => ({ kind: "password", user: "me", password: "secret" }) });
    const upload = seen.find(({ where }) => where === "elsewhere");
    expect(upload?.path).toBe(`PUT /upload?state=1&digest=${encodeURIComponent(digestOf(blob))}`);
    expect(upload?.authorization).toBeUndefined();
  });

  it("sends no blob that is there already", async () => {
    answers = (path) => (path.startsWith("HEAD") ? { status: 200 } : { status: 201 });
    await push();
    expect(seen.map(({ path }) => path.split(" ")[0])).toEqual(["HEAD", "PUT"]);
  });

  it.each<[string, Reply]>([
    ["names no place", { status: 202 }],
    ["has no room", { status: 507 }],
    ["may only be read", { status: 405 }],
  ])("gives up in one line on a registry that %s", async (_what, reply) => {
    answers = (path) => (path.startsWith("POST") ? reply : { status: 404 });
    const error = await failure(push());
    expect(error).toBeInstanceOf(TransferError);
    expect(error?.message).not.toContain("\n");
  });
});
