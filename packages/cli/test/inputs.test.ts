import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { readPackage } from "@skep/package";
import { packTar } from "modern-tar";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { command, type Ran } from "./command.ts";

const PACKAGE = fileURLToPath(new URL("../../../tools/exitsnoop/package.json", import.meta.url));
const ABOUT = "Trace processes as they end";
const SOURCE = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "own-header.h"

/// ${ABOUT}
char LICENSE[] SEC("license") = LICENSE_TEXT;

SEC("tp/sched/sched_process_exit")
int watch(void *ctx)
{
	return 0;
}
`;

let directory: string;
let server: Server;
let base: string;
/** Each kind, under a name that says nothing or lies. */
let files: Readonly<Record<string, Uint8Array>>;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "skep-inputs-"));
  const json = readFileSync(PACKAGE);
  const tar = await packTar([{ header: { name: "package.json", size: json.length }, body: json }]);
  files = {
    "json.wasm": json,
    yaml: Buffer.from(stringify(JSON.parse(json.toString()))),
    "tar.json": tar,
    "tar.gz": gzipSync(tar),
    "exitsnoop.tar": readPackage(json).object,
    "source.json": Buffer.from(SOURCE),
    "source.bpf.c": Buffer.from(SOURCE),
    "page.json": Buffer.from("<!DOCTYPE html><title>404</title>"),
    "zip.json": Uint8Array.of(0x50, 0x4b, 3, 4),
    empty: new Uint8Array(),
    "deep.json": Buffer.from('{"a":'.repeat(1_000_000)),
    "cut.json": json.subarray(0, 5000),
    "cut.tar": tar.subarray(0, 2000),
    "aliases.yaml": Buffer.from("meta: &a [x]\nbpf_object: *a\n"),
    "bomb.gz": gzipSync(Buffer.alloc(600 * 1024 * 1024), { level: 1 }),
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(directory, name), bytes);
  writeFileSync(join(directory, "own-header.h"), '#define LICENSE_TEXT "GPL"\n');
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://x");
    if (pathname === "/moved") response.writeHead(302, { location: "/json.wasm?x=1.tar" }).end();
    else if (pathname === "/loop") response.writeHead(302, { location: "/loop" }).end();
    else {
      const bytes = files[pathname.slice(1)];
      response.writeHead(bytes === undefined ? 404 : 200).end(bytes ?? "<h1>Not Found</h1>");
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

const run = (program: string, input?: Uint8Array): Promise<Ran> =>
  command(["run", program, "--help"], { cwd: directory, ...(input === undefined ? {} : { input }) });

/** A cause and what to do about it, and nothing else. */
function expectWords(ran: Ran, code: number, words: RegExp): void {
  expect(ran).toMatchObject({ code, stdout: "" });
  expect(ran.stderr).toMatch(words);
  expect(ran.stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
  expect(ran.stderr).not.toMatch(/mistake in skep|^ +at /m);
}

describe("a program to run", { timeout: 120_000 }, () => {
  it.each(["json.wasm", "yaml", "tar.json", "tar.gz"])(
    "may be a package whatever its name: %s",
    async (name) => {
      expect(await run(name)).toMatchObject({ code: 0, stdout: expect.stringContaining(ABOUT) });
    },
  );

  it("may be an object: its globals are flags all the same", async () => {
    expect(await run("exitsnoop.tar")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("--pid_target"),
    });
  });

  it("may be a source, and its header lies next to it", async () => {
    expect(await run("source.json")).toMatchObject({ code: 0, stdout: expect.stringContaining(ABOUT) });
  });

  it("has to have a program", async () => {
    writeFileSync(
      join(directory, "none.bpf.c"),
      "#include <linux/bpf.h>\nint forgotten(void *ctx)\n{\n\treturn 0;\n}\n",
    );
    const ran = await command(["run", "none.bpf.c"], { cwd: directory });
    expectWords(ran, 64, /^skep: none has no program: there is nothing to attach\n {2}write SEC\("…"\)/);
  });

  it("may come through standard input, with or without eunomia's -p", async () => {
    for (const name of ["json.wasm", "tar.json", "exitsnoop.tar"])
      expect(await run("-", files[name])).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("Usage:"),
      });
    const args = ["run", "-p", "json", "-", "--help"];
    expect(await command(args, { command: "ecli", input: files["json.wasm"] ?? "" })).toMatchObject({
      code: 0,
    });
    expect(await command(["json.wasm", "--help"], { command: "ecli", cwd: directory })).toMatchObject({
      code: 0,
    });
  });

  it("may be at an address, through redirects, whatever that ends with", async () => {
    for (const path of ["/json.wasm", "/tar.json?v=1.wasm", "/moved"])
      expect(await run(base + path)).toMatchObject({ code: 0, stdout: expect.stringContaining(ABOUT) });
  });

  it.each<[string, number, RegExp]>([
    ["page.json", 65, /page\.json is no program: it is a web page/],
    ["zip.json", 65, /is a zip archive/],
    ["empty", 65, /it is empty/],
    ["deep.json", 65, /nests deeper than 64/],
    ["cut.json", 65, /package is not JSON/],
    ["cut.tar", 65, /the archive cannot be read/],
    ["aliases.yaml", 65, /has an alias/],
    ["bomb.gz", 65, /holds more than 536870912 bytes/],
    ["/dev/zero", 65, /more than 67108864 bytes/],
    [".", 64, /is a directory/],
    ["missing.json", 64, /there is no file missing\.json/],
    ["./missing", 64, /there is no file \.\/missing/],
    ["build/package.json", 64, /there is no file build\/package\.json/],
    ["owner/tool", 64, /there is no file owner\/tool/],
    ["no.such.host/x.json", 64, /if a registry has it, write oci:\/\/no\.such\.host\/x\.json/],
    ["nosuchtool", 64, /neither a file nor a bundled tool/],
    ["tool:latest", 64, /neither a file nor a bundled tool/],
    ["ftp://example.org/x", 64, /not fetched over ftp/],
    ["oci://Bad/Name", 64, /is no reference/],
    ["127.0.0.1:1/x/y:1", 69, /cannot reach http:\/\/127\.0\.0\.1:1/],
    ["http://127.0.0.1:1/x", 69, /cannot reach/],
  ])("is refused in words when it is %s", async (program, code, words) => {
    expectWords(await run(program), code, words);
  });

  it("is refused in words when the address does not give it", async () => {
    expectWords(await run(`${base}/nothing.json`), 66, /does not exist \(status 404\)/);
    expectWords(await run(`${base}/loop`), 69, /redirects more than 5 times/);
    expectWords(await run(`${base}/page.json`), 65, /is a web page/);
  });

  it("and whatever else is read ends, also what has no end", async () => {
    const endless = "/dev/zero";
    for (const words of [
      // Rights come first.
      ...(process.getuid?.() === 0 ? [["run", "exitsnoop", "--btf", endless]] : []),
      ["btf", "dump", endless],
      ["compile", endless],
      ["compile", "source.bpf.c", endless],
      ["compile", "source.bpf.c", "--btfhub-archive", endless],
      ["run", "--require-signature", endless, "json.wasm"],
      ["sign", "--key", endless, "json.wasm"],
      ["verify", "--key", endless, "json.wasm"],
    ])
      expectWords(await command(words, { cwd: directory }), 65, /\/dev\/zero has more than \d+ bytes/);
  });

  it("needs nothing of the network when it is here", async () => {
    // No interface, not even loopback, is up in a new network namespace.
    const alone = { prefix: ["unshare", "-r", "-n"], cwd: directory };
    for (const program of ["exitsnoop", "json.wasm", "tar.json"]) {
      const ran = await command(["run", program, "--help"], alone);
      expect(ran).toMatchObject({ code: 0 });
    }
    expectWords(await command(["run", `${base}/json.wasm`], alone), 69, /cannot reach/);
  });

  it("is not mistaken for a reference when a file of that name is here", async () => {
    mkdirSync(join(directory, "ghcr.io/owner"), { recursive: true });
    writeFileSync(join(directory, "ghcr.io/owner/tool:1"), files["json.wasm"] ?? "");
    expect(await run("ghcr.io/owner/tool:1")).toMatchObject({ code: 0 });
  });
});

describe("what is printed", () => {
  it("controls no terminal, whatever a package says of itself", async () => {
    const evil = "\x1b]0;title\x07\x1b[2J\u202e";
    const json = JSON.parse(readFileSync(PACKAGE, "utf8"));
    const { bpf_skel } = json.meta;
    bpf_skel.obj_name = `${evil}_bpf`;
    bpf_skel.doc = { description: evil, version: evil, example: `${evil} --x`, details: evil };
    bpf_skel.data_sections[0].variables[0].cmdarg = { long: evil, help: evil, default: evil };
    writeFileSync(join(directory, "evil.json"), JSON.stringify(json));
    for (const word of ["--help", "--version"]) {
      const { stdout, stderr } = await command(["run", "evil.json", word], { cwd: directory });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is its purpose
      expect(stdout + stderr).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202e]/);
      expect(stdout + stderr).toContain("\\x1b[2J\\u202e");
    }
  });

  const to = (target: string, ...args: string[]) =>
    command(args, { prefix: ["sh", "-c", `"$@" ${target}`, "sh"] });

  it.each([["--help"], ["tools"], ["run", "opensnoop", "--help"], ["compile", "--help"]])(
    "is an error when the disk has no room for it: %s",
    async (...args) => {
      expect(await to("> /dev/full", ...args)).toEqual({
        code: 74,
        stdout: "",
        stderr:
          "skep: cannot write: ENOSPC: no space left on device, write\n  make room, or write elsewhere\n",
      });
    },
  );

  it("is none when nobody reads it, or standard error is what is full", async () => {
    expect(await to("| true", "tools")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect((await to("2> /dev/full", "tools")).code).toBe(0);
    expect((await to("2> /dev/full", "run", "no-such-tool")).code).toBe(64);
  });
});
