import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createSocket, type Server as SocketServer } from "node:net";
import { gzipSync } from "node:zlib";
import { TransferError } from "@skep/package";
import { boundedFetch, fetchInput } from "@skep/package/distribution";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

let server: Server;
let other: Server;
let rude: SocketServer;
let base: string;
let elsewhere: string;
/** What the other origin was sent. */
let seen: IncomingMessage["headers"] = {};

const handlers: Readonly<Record<string, Handler>> = {
  "/ok": (_request, response) => response.end("content"),
  "/missing": (_request, response) => response.writeHead(404).end("<h1>Not Found</h1>"),
  "/private": (_request, response) => response.writeHead(403).end(),
  "/broken": (_request, response) => response.writeHead(500).end(),
  "/empty": (_request, response) => response.writeHead(204).end(),
  "/loop": (_request, response) => response.writeHead(302, { location: "/loop" }).end(),
  "/hop": (_request, response, url) => {
    const left = Number(url.searchParams.get("left"));
    response.writeHead(301, { location: left === 0 ? "/ok" : `/hop?left=${left - 1}` }).end();
  },
  "/away": (_request, response) => response.writeHead(307, { location: `${elsewhere}/seen` }).end(),
  "/file": (_request, response) => response.writeHead(302, { location: "file:///etc/passwd" }).end(),
  "/nonsense": (_request, response) => response.writeHead(302, { location: "http://[" }).end(),
  "/huge": (_request, response) => {
    const chunk = Buffer.alloc(64 * 1024);
    const more = (): void => {
      while (response.write(chunk));
      response.once("drain", more);
    };
    more();
  },
  "/bomb": (_request, response) =>
    response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(10 * 1024 * 1024))),
  "/short": (_request, response) => {
    response.writeHead(200, { "content-length": "100" }).write("only this");
    setTimeout(() => response.destroy(), 10);
  },
  "/silent": () => {},
  "/drip": (_request, response) => {
    response.write("x");
    const timer = setInterval(() => response.write("x"), 20);
    response.once("close", () => clearInterval(timer));
  },
};

const listen = async <S extends Server | SocketServer>(one: S): Promise<S> => {
  await new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve));
  return one;
};
const port = (one: Server | SocketServer) => (one.address() as AddressInfo).port;

beforeAll(async () => {
  server = await listen(
    createServer((request, response) => {
      const url = new URL(request.url ?? "/", "http://x");
      const handler = handlers[url.pathname];
      if (handler === undefined) response.writeHead(404).end();
      else handler(request, response, url);
    }),
  );
  other = await listen(
    createServer((request, response) => {
      seen = request.headers;
      response.end("other");
    }),
  );
  rude = await listen(createSocket((socket) => socket.end("SSH-2.0-OpenSSH_9\r\n")));
  base = `http://127.0.0.1:${port(server)}`;
  elsewhere = `http://localhost:${port(other)}`;
});

afterAll(() => {
  for (const one of [server, other]) one.closeAllConnections();
  for (const one of [server, other, rude]) one.close();
});

async function problemOf(action: Promise<unknown>): Promise<TransferError> {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TransferError);
  const transfer = error as TransferError;
  expect(transfer.message).not.toContain("\n");
  expect(transfer.next).not.toBe("");
  return transfer;
}

describe("fetchInput", () => {
  it("downloads, through a few redirects", async () => {
    for (const path of ["/ok", "/hop?left=4"])
      expect(new TextDecoder().decode(await fetchInput(base + path))).toBe("content");
  });

  it.each<[string, string, TransferError["problem"], RegExp]>([
    ["a page that is not there", "/missing", "missing", /does not exist \(status 404\)/],
    ["a page for others", "/private", "denied", /status 403/],
    ["a broken server", "/broken", "refused", /status 500/],
    ["an answer without content", "/empty", "refused", /status 204/],
    ["redirects in a circle", "/loop", "refused", /redirects more than 5 times/],
    ["too many redirects", "/hop?left=5", "refused", /redirects more than 5 times/],
    ["a redirect to a file", "/file", "refused", /is not https/],
    ["a redirect to nowhere", "/nonsense", "refused", /is no address/],
    ["a file that is too large", "/huge", "refused", /sends more than 100000 bytes/],
    ["a file that is too large once unpacked", "/bomb", "refused", /sends more than 100000 bytes/],
    ["a file that is cut off", "/short", "unreachable", /closed in the middle/],
    ["a server that is silent", "/silent", "unreachable", /did not answer completely within 0\.3 s/],
    ["a server that is slow", "/drip", "unreachable", /did not answer completely within 0\.3 s/],
  ])("says what is wrong with %s", async (_what, path, problem, words) => {
    const error = await problemOf(fetchInput(base + path, { maxBytes: 100_000, timeout: 300 }));
    expect(error.problem).toBe(problem);
    expect(error.message).toMatch(words);
  });

  it("says what is wrong with an address", async () => {
    expect((await problemOf(fetchInput("http://127.0.0.1:1/x"))).message).toMatch(
      /cannot reach http:\/\/127\.0\.0\.1:1\/x/,
    );
    expect((await problemOf(fetchInput(`http://127.0.0.1:${port(rude)}/`))).problem).toBe("unreachable");
    expect((await problemOf(fetchInput(`https://127.0.0.1:${port(server)}/ok`))).problem).toBe("unreachable");
    expect((await problemOf(fetchInput("http://me:secret@127.0.0.1/x"))).message).not.toContain("secret");
    expect((await problemOf(fetchInput("http://"))).problem).toBe("refused");
  });

  it("does not show what an address carries besides the path", async () => {
    expect((await problemOf(fetchInput(`${base}/missing?token=secret`))).message).not.toContain("secret");
  });
});

describe("boundedFetch", () => {
  const headers = { authorization: "Basic c2VjcmV0", cookie: "a=b", accept: "x/y" };

  it("keeps credentials with the origin they were meant for", async () => {
    await boundedFetch(`${base}/away`, { headers, maxBytes: 100 });
    expect(seen.accept).toBe("x/y");
    expect(seen.authorization).toBeUndefined();
    expect(seen.cookie).toBeUndefined();
  });

  it("does not speak plain http where it may not", async () => {
    const error = await problemOf(boundedFetch(`${base}/ok`, { maxBytes: 100, mayUseHttp: () => false }));
    expect(error.next).toContain("--insecure");
    await problemOf(
      boundedFetch(`${base}/away`, { maxBytes: 100, mayUseHttp: (url) => url.hostname === "127.0.0.1" }),
    );
  });

  it("does not send a body to where a server points", async () => {
    const { status } = await boundedFetch(`${base}/away`, { method: "PUT", body: "secret", maxBytes: 100 });
    expect(status).toBe(307);
  });
});
