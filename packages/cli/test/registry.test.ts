import { execFile, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { readPackage, writePackage } from "@skep/package";
import { digestOf } from "@skep/package/distribution";
import { packTar } from "modern-tar";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { command, type RunOptions } from "./command.ts";
import { hasRegistry, RegistryServer } from "./registry-server.ts";

const exec = promisify(execFile);
const PACKAGE = fileURLToPath(new URL("../../../tools/exitsnoop/package.json", import.meta.url));
/** The smallest valid module. */
const WASM = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const USER = { name: "probe", password: "pass:word with spaces" };

let directory: string;
let open: RegistryServer;
let closed: RegistryServer;

const available = hasRegistry();

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "skep-registry-test-"));
  if (!available) return;
  [open, closed] = await Promise.all([RegistryServer.start(), RegistryServer.start(USER)]);
});

afterAll(async () => {
  await open?.[Symbol.asyncDispose]();
  await closed?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

/** Runs skep with a home of its own, so that neither logins nor cache of the machine matter. */
function skep(home: string, args: readonly string[], options: RunOptions = {}) {
  const cwd = join(directory, home);
  mkdirSync(cwd, { recursive: true });
  const env = { DOCKER_CONFIG: join(cwd, "docker"), XDG_CACHE_HOME: join(cwd, "cache"), ...options.env };
  return command(args, { cwd, ...options, env });
}

async function skopeo(...args: readonly string[]): Promise<string> {
  return (await exec("skopeo", args as string[])).stdout;
}

interface Manifest {
  readonly artifactType?: string;
  readonly annotations?: Record<string, string>;
  readonly config: { readonly mediaType: string; readonly digest: string };
  readonly layers: readonly {
    readonly mediaType: string;
    readonly digest: string;
    readonly annotations?: Record<string, string>;
  }[];
}

async function rawManifest(image: string): Promise<Manifest> {
  return JSON.parse(await skopeo("inspect", "--raw", "--tls-verify=false", `docker://${image}`)) as Manifest;
}

describe.skipIf(!available)("push and pull with a real registry", { timeout: 120_000 }, () => {
  it("sends a package that comes back with the same bytes, and that skopeo reads", async () => {
    const image = `${open.host}/tools/exitsnoop:1.0`;
    const pushed = await skep("a", [
      "push",
      PACKAGE,
      image,
      "-a",
      "org.opencontainers.image.source=https://example.org/x",
    ]);
    expect(pushed).toMatchObject({ code: 0 });
    const inspected = JSON.parse(await skopeo("inspect", "--tls-verify=false", `docker://${image}`));
    expect(pushed.stdout.trim()).toBe(`${open.host}/tools/exitsnoop@${inspected.Digest}`);
    expect(JSON.parse(inspected.Labels["io.ebpf.programs"])).toMatchObject({ handle_exit: "tracepoint" });
    expect(JSON.parse(inspected.Labels["io.ebpf.maps"])).toMatchObject({ events: "ringbuf" });

    const manifest = await rawManifest(image);
    expect(manifest.artifactType).toBe("application/vnd.skep.package.v1");
    expect(manifest.layers.map(({ mediaType }) => mediaType)).toEqual([
      "application/vnd.skep.package.v1+json",
      "application/vnd.gadget.ebpf.program.v1+binary",
    ]);
    expect(manifest.layers[1]?.digest).toBe(digestOf(readPackage(readFileSync(PACKAGE)).object));
    expect(manifest.annotations?.["org.opencontainers.image.source"]).toBe("https://example.org/x");

    const pulled = await skep("a", ["pull", "-o", "out.json", image]);
    expect(pulled).toMatchObject({ code: 0 });
    expect(readFileSync(join(directory, "a/out.json"))).toEqual(readFileSync(PACKAGE));
    const byDigest = await skep("a", ["pull", "-o", "-", pushed.stdout.trim()]);
    expect(byDigest.stdout).toBe(readFileSync(PACKAGE, "utf8"));
  });

  it("sends a Wasm module as eunomia's ecli does", async () => {
    const image = `${open.host}/eunomia/app:latest`;
    mkdirSync(join(directory, "wasm"), { recursive: true });
    writeFileSync(join(directory, "wasm/app.wasm"), WASM);
    const pushed = await skep("wasm", ["push", image], { command: "ecli" });
    expect(pushed).toMatchObject({ code: 0 });
    const manifest = await rawManifest(image);
    expect(manifest.config.mediaType).toBe("application/vnd.wasm.config.v1+json");
    expect(manifest.config.digest).toBe(digestOf(Buffer.from("{}")));
    expect(manifest.layers).toEqual([
      {
        mediaType: "application/vnd.wasm.content.layer.v1+wasm",
        digest: digestOf(WASM),
        size: 8,
        annotations: { "org.opencontainers.image.title": "app.wasm" },
      },
    ]);
    const pulled = await skep("elsewhere", ["pull", `${open.host}/eunomia/app`], { command: "ecli" });
    expect(pulled).toMatchObject({ code: 0 });
    expect(new Uint8Array(readFileSync(join(directory, "elsewhere/app.wasm")))).toEqual(WASM);
  });

  it("runs a Wasm module, and gives its exit code", async () => {
    const text = (word: string): number[] => [word.length, ...Buffer.from(word)];
    const module = Uint8Array.of(
      ...WASM,
      ...[1, 8, 2, 0x60, 1, 0x7f, 0, 0x60, 0, 0], // types: (i32) -> (), () -> ()
      ...[2, 36, 1, ...text("wasi_snapshot_preview1"), ...text("proc_exit"), 0, 0],
      ...[3, 2, 1, 1, 5, 3, 1, 0, 1], // one function, one page of memory
      ...[7, 19, 2, ...text("memory"), 2, 0, ...text("_start"), 0, 1],
      ...[10, 8, 1, 6, 0, 0x41, 7, 0x10, 0, 0x0b], // proc_exit(7)
    );
    mkdirSync(join(directory, "exit"), { recursive: true });
    writeFileSync(join(directory, "exit/seven.wasm"), module);
    const image = `${open.host}/eunomia/seven:1`;
    expect(await skep("exit", ["push", "-m", "seven.wasm", image], { command: "ecli" })).toMatchObject({
      code: 0,
    });
    expect(await skep("exit", ["run", image], { command: "ecli" })).toMatchObject({ code: 7 });
    expect(await skep("exit", ["run", "seven.wasm"])).toMatchObject({ code: 7 });
  });

  it("sends tar, YAML and bare objects; refuses sources and what is no program", async () => {
    const home = join(directory, "kinds");
    mkdirSync(home, { recursive: true });
    const tar = await packTar([
      { header: { name: "package.json", size: readFileSync(PACKAGE).length }, body: readFileSync(PACKAGE) },
    ]);
    writeFileSync(join(home, "p.tar"), tar);
    writeFileSync(join(home, "p.tar.gz"), gzipSync(tar));
    writeFileSync(join(home, "p.bpf.o"), readPackage(readFileSync(PACKAGE)).object);
    writeFileSync(join(home, "p.yaml"), stringify(JSON.parse(readFileSync(PACKAGE, "utf8"))));
    writeFileSync(join(home, "p.c"), "#include <vmlinux.h>\n");
    writeFileSync(join(home, "p.txt"), "hello\n");
    for (const [file, name] of [
      ["p.tar", "package.tar"],
      ["p.bpf.o", "program.bpf.o"],
      ["p.yaml", "package.yaml"],
    ] as const) {
      expect(await skep("kinds", ["push", "-m", file, `${open.host}/kinds/x:1`])).toMatchObject({ code: 0 });
      expect(await skep("kinds", ["pull", `${open.host}/kinds/x:1`])).toMatchObject({ code: 0 });
      expect(readFileSync(join(home, name))).toEqual(readFileSync(join(home, file)));
    }
    expect(await skep("kinds", ["push", "p.tar.gz", `${open.host}/kinds/x:2`])).toMatchObject({ code: 0 });
    expect((await rawManifest(`${open.host}/kinds/x:2`)).layers[0]?.digest).toBe(digestOf(tar));
    expect(await skep("kinds", ["push", "p.c", `${open.host}/kinds/x:3`])).toMatchObject({ code: 64 });
    expect(await skep("kinds", ["push", "p.txt", `${open.host}/kinds/x:3`])).toMatchObject({ code: 65 });
  });

  it("does not overwrite another file unless it is told to", async () => {
    const home = join(directory, "keep");
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "package.json"), "{}");
    await skep("keep", ["push", PACKAGE, `${open.host}/keep:1`]);
    const refused = await skep("keep", ["pull", `${open.host}/keep:1`]);
    expect(refused.code).toBe(64);
    expect(refused.stderr).toContain("there is another package.json here");
    expect(await skep("keep", ["pull", "-o", "package.json", `${open.host}/keep:1`])).toMatchObject({
      code: 0,
    });
    expect(readFileSync(join(home, "package.json"))).toEqual(readFileSync(PACKAGE));
  });

  it("reads copies that skopeo made", async () => {
    const from = `docker://${open.host}/copy/exitsnoop:1`;
    await skep("copy", ["push", PACKAGE, `${open.host}/copy/exitsnoop:1`]);
    await skopeo("copy", "--src-tls-verify=false", from, `oci:${join(directory, "layout")}:x`);
    await skopeo(
      "copy",
      "--dest-tls-verify=false",
      `oci:${join(directory, "layout")}:x`,
      `docker://${open.host}/copy/again:1`,
    );
    expect((await skep("copy", ["pull", "-o", "-", `${open.host}/copy/again:1`])).stdout).toBe(
      readFileSync(PACKAGE, "utf8"),
    );
  });

  it("finds the object in images like those of bpfman and Inspektor Gadget", async () => {
    const { object } = readPackage(readFileSync(PACKAGE));
    const layer = gzipSync(
      await packTar([{ header: { name: "probe.bpf.o", size: object.length }, body: object }]),
    );
    await upload("images/bpfman", { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", bytes: layer });
    await upload("images/gadget", {
      mediaType: "application/vnd.gadget.ebpf.program.v1+binary",
      bytes: object,
    });
    for (const name of ["bpfman", "gadget"]) {
      const pulled = await skep("images", ["pull", "-o", `${name}.o`, `${open.host}/images/${name}:v1`]);
      expect(pulled).toMatchObject({ code: 0 });
      expect(new Uint8Array(readFileSync(join(directory, "images", `${name}.o`)))).toEqual(
        new Uint8Array(object),
      );
    }
    const empty = gzipSync(await packTar([{ header: { name: "etc/passwd", size: 1 }, body: "x" }]));
    await upload("images/other", { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", bytes: empty });
    expect(await skep("images", ["pull", `${open.host}/images/other:v1`])).toMatchObject({
      code: 65,
      stderr: expect.stringContaining("is an ordinary image without an eBPF object"),
    });
  });

  it("chooses the machine's entry of an index", async () => {
    const { object } = readPackage(readFileSync(PACKAGE));
    const own = await upload("images/multi", {
      mediaType: "application/vnd.gadget.ebpf.program.v1+binary",
      bytes: object,
    });
    const other = await upload("images/multi", {
      mediaType: "application/vnd.gadget.ebpf.program.v1+binary",
      bytes: Buffer.concat([object, Buffer.from("other")]),
    });
    const type = "application/vnd.oci.image.manifest.v1+json";
    const host = process.arch === "x64" ? "amd64" : process.arch;
    const index = JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [
        { mediaType: type, ...other, platform: { architecture: "s390x", os: "linux" } },
        { mediaType: type, ...own, platform: { architecture: host, os: "linux" } },
      ],
    });
    await put(`images/multi/manifests/all`, index, "application/vnd.oci.image.index.v1+json");
    await skep("images", ["pull", "-o", "multi.o", `${open.host}/images/multi:all`]);
    expect(new Uint8Array(readFileSync(join(directory, "images/multi.o")))).toEqual(new Uint8Array(object));
  });

  it("fetches contents once, asks for the manifest each time, and sees a tag move", async () => {
    const image = `${open.host}/cached/x:latest`;
    const blob = /"GET \/v2\/cached\/x\/blobs/;
    await skep("cached", ["push", PACKAGE, image]);
    for (let round = 0; round < 2; round++)
      expect(await skep("cached", ["run", image, "--help"])).toMatchObject({ code: 0 });
    expect(open.requests(/"GET \/v2\/cached\/x\/manifests/)).toBe(2);
    expect(open.requests(blob)).toBe(1);

    const content = readPackage(readFileSync(PACKAGE));
    const moved = {
      ...content,
      meta: { ...content.meta, bpf_skel: { ...content.meta.bpf_skel, doc: { brief: "The second one." } } },
    };
    writeFileSync(join(directory, "cached/second.json"), writePackage(moved));
    await skep("cached", ["push", "second.json", image]);
    expect((await skep("cached", ["run", image, "--help"])).stdout).toContain("The second one.");
    expect(open.requests(blob)).toBe(2);

    // A cache that somebody changed is not believed.
    const cache = join(directory, "cached/cache/skep/blobs/sha256");
    for (const name of readdirSync(cache)) writeFileSync(join(cache, name), "changed");
    expect((await skep("cached", ["run", image, "--help"])).stdout).toContain("The second one.");
    expect(open.requests(blob)).toBe(3);
  });

  it("asks nobody for a digest that it has", async () => {
    await using gone = await RegistryServer.start();
    const pushed = await skep("pinned", ["push", PACKAGE, `${gone.host}/x:1`]);
    const pinned = pushed.stdout.trim();
    expect(await skep("pinned", ["run", pinned, "--help"])).toMatchObject({ code: 0 });
    await gone[Symbol.asyncDispose]();
    expect(await skep("pinned", ["run", pinned, "--help"])).toMatchObject({ code: 0 });
    expect(await skep("pinned", ["run", `${gone.host}/x:1`, "--help"])).toMatchObject({ code: 69 });
  });

  it("does not believe a registry whose contents were changed", async () => {
    const image = `${open.host}/evil/x:1`;
    const changed = { ...readPackage(readFileSync(PACKAGE)), extra: { evil: true } };
    const bytes = writePackage(changed);
    mkdirSync(join(directory, "evil"), { recursive: true });
    writeFileSync(join(directory, "evil/package.json"), bytes);
    await skep("evil", ["push", image]);
    open.damage(digestOf(bytes));
    const ran = await skep("evil", ["run", image, "--help"]);
    expect(ran).toMatchObject({ code: 65, stdout: "" });
    expect(ran.stderr).toContain("is not what it should be: its digest is sha256:");
  });

  it("says what a registry does not have", async () => {
    const ran = await skep("missing", ["run", `${open.host}/no/such:tag`]);
    expect(ran.code).toBe(66);
    expect(ran.stderr).toMatch(/has no tag in no\/such/);
  });

  it("runs only what is signed, from a registry and from a file", async () => {
    const home = join(directory, "signed");
    mkdirSync(home, { recursive: true });
    for (const name of ["ours", "theirs"]) {
      const pair = generateKeyPairSync("ed25519");
      writeFileSync(join(home, `${name}.key`), pair.privateKey.export({ type: "pkcs8", format: "pem" }));
      writeFileSync(join(home, `${name}.pub`), pair.publicKey.export({ type: "spki", format: "pem" }));
    }
    writeFileSync(join(home, "package.json"), readFileSync(PACKAGE));
    writeFileSync(join(home, "app.wasm"), WASM);
    for (const file of ["package.json", "app.wasm"]) {
      expect(await skep("signed", ["verify", file, "--key", "ours.pub"])).toMatchObject({ code: 77 });
      expect(await skep("signed", ["sign", file, "--key", "ours.key"])).toMatchObject({ code: 0 });
      expect(await skep("signed", ["verify", file, "--key", "ours.pub"])).toMatchObject({ code: 0 });
      expect(await skep("signed", ["verify", file, "--key", "theirs.pub"])).toMatchObject({ code: 77 });
    }
    const image = `${open.host}/signed/x:1`;
    await skep("signed", ["push", "package.json", image]);
    expect(JSON.parse((await rawManifest(image)).annotations?.["dev.skep.signatures"] ?? "")).toHaveLength(1);
    expect(await skep("signed", ["run", "--require-signature", "ours.pub", image, "--help"])).toMatchObject({
      code: 0,
    });
    expect(await skep("signed", ["run", "--require-signature=theirs.pub", image, "--help"])).toMatchObject({
      code: 77,
      stdout: "",
      stderr: expect.stringContaining("is signed by other keys"),
    });
    expect(await skep("signed", ["run", "--require-signature", "ours.pub", PACKAGE, "--help"])).toMatchObject(
      {
        code: 77,
        stderr: expect.stringContaining("is not signed"),
      },
    );
    const text = readFileSync(join(home, "package.json"), "utf8");
    writeFileSync(
      join(home, "package.json"),
      text.replace("DURATION", "duration").replace('"handle_exit"', '"handle_exec"'),
    );
    expect(
      await skep("signed", ["run", "--require-signature", "ours.pub", "package.json", "--help"]),
    ).toMatchObject({
      code: 77,
      stderr: expect.stringContaining("was changed after it was signed"),
    });
  });
});

describe.skipIf(!available)("a registry that speaks https", { timeout: 120_000 }, () => {
  it("is believed when its certificate is, and not otherwise", async () => {
    await using secure = await RegistryServer.start(USER, true);
    const push = ["push", "-u", USER.name, "-p", USER.password, PACKAGE, `${secure.host}/x:1`];
    const trusting = { env: { NODE_EXTRA_CA_CERTS: secure.authority } };
    expect(await skep("tls", push, trusting)).toMatchObject({ code: 0 });
    for (const args of [push, [...push, "--insecure"]]) {
      const refused = await skep("tls", args);
      expect(refused.code).toBe(69);
      expect(refused.stderr).toContain("its certificate is signed by itself");
      expect(refused.stderr).toContain("NODE_EXTRA_CA_CERTS");
    }
  });
});

describe.skipIf(!available)("logins", { timeout: 120_000 }, () => {
  const image = () => `${closed.host}/private/x:1`;

  it("lets nobody in without a login, and says what to do", async () => {
    const ran = await skep("nobody", ["push", PACKAGE, image()]);
    expect(ran.code).toBe(77);
    expect(ran.stderr).toContain(`log in: skep login ${closed.host}`);
  });

  it("takes user and password from the command line", async () => {
    expect(
      await skep("given", ["push", "-u", USER.name, "-p", USER.password, PACKAGE, image()]),
    ).toMatchObject({ code: 0 });
    expect(await skep("given", ["pull", "-o", "-", "-u", USER.name, "-p", "wrong", image()])).toMatchObject({
      code: 77,
    });
    expect(await skep("given", ["pull", "-u", USER.name, image()])).toMatchObject({ code: 64 });
    const pulled = await skep("given", ["pull", "-o", "-", "-u", USER.name, "-p", USER.password, image()]);
    expect(pulled.stdout).toBe(readFileSync(PACKAGE, "utf8"));
  });

  it("keeps a login where Docker does, private, and forgets it", async () => {
    const config = join(directory, "kept/docker/config.json");
    mkdirSync(join(directory, "kept/docker"), { recursive: true });
    writeFileSync(
      config,
      '{"auths":{"example.org":{"auth":"eDp5"}},"HttpHeaders":{"X":"1"},"experimental":"enabled"}',
    );
    chmodSync(config, 0o644);
    expect(
      await skep("kept", ["login", "-u", USER.name, "--password-stdin", closed.host], { input: "wrong\n" }),
    ).toMatchObject({ code: 77 });
    expect(readFileSync(config, "utf8")).not.toContain(closed.host);

    const login = ["login", "-u", USER.name, "--password-stdin", closed.host];
    expect(await skep("kept", login, { input: `${USER.password}\n` })).toMatchObject({ code: 0 });
    expect(statSync(config).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(config, "utf8"))).toEqual({
      HttpHeaders: { X: "1" },
      auths: {
        [closed.host]: { auth: Buffer.from(`${USER.name}:${USER.password}`).toString("base64") },
        "example.org": { auth: "eDp5" },
      },
      experimental: "enabled",
    });
    expect(await skep("kept", ["run", image(), "--help"])).toMatchObject({ code: 0 });
    await skopeo("inspect", "--tls-verify=false", "--authfile", config, `docker://${image()}`);

    expect(await skep("kept", ["logout", closed.host], { command: "ecli" })).toMatchObject({ code: 0 });
    expect(JSON.parse(readFileSync(config, "utf8"))).toEqual({
      HttpHeaders: { X: "1" },
      auths: { "example.org": { auth: "eDp5" } },
      experimental: "enabled",
    });
    expect(await skep("kept", ["pull", image()])).toMatchObject({ code: 77 });
  });

  it("asks a credential helper that Docker's configuration names", async () => {
    const home = join(directory, "helper");
    mkdirSync(join(home, "docker"), { recursive: true });
    mkdirSync(join(home, "bin"));
    const answer = JSON.stringify({ ServerURL: closed.host, Username: USER.name, Secret: USER.password });
    writeFileSync(
      join(home, "bin/docker-credential-test"),
      `#!/bin/sh\nread server\n[ "$1 $server" = "get ${closed.host}" ] && echo '${answer}'\n`,
    );
    chmodSync(join(home, "bin/docker-credential-test"), 0o755);
    writeFileSync(
      join(home, "docker/config.json"),
      JSON.stringify({ credHelpers: { [closed.host]: "test" } }),
    );
    const env = { PATH: `${join(home, "bin")}:${process.env.PATH}` };
    expect(await skep("helper", ["pull", "-o", "-", image()], { env })).toMatchObject({ code: 0 });
    // Without the helper, words; and no helper is run for a registry that does not ask.
    expect(await skep("helper", ["pull", "-o", "-", image()])).toMatchObject({ code: 64 });
  });

  it("asks on a terminal without showing the password", async () => {
    const bin = fileURLToPath(new URL("../bin/skep.cjs", import.meta.url));
    const home = join(directory, "asked");
    mkdirSync(home, { recursive: true });
    const terminal = spawn(
      "script",
      ["-qec", `${process.execPath} ${bin} login ${closed.host}`, "/dev/null"],
      {
        env: { ...process.env, DOCKER_CONFIG: join(home, "docker") },
      },
    );
    let stdout = "";
    const answers: [string, string][] = [
      ["User: ", USER.name],
      ["Password: ", USER.password],
    ];
    terminal.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (answers[0] !== undefined && stdout.includes(answers[0][0]))
        terminal.stdin.write(`${answers.shift()?.[1]}\n`);
    });
    await once(terminal, "close");
    expect(stdout).toContain("logged in to");
    expect(stdout.slice(stdout.indexOf("Password:"))).not.toContain(USER.password);
  });
});

interface Blob {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** Puts an image of one layer there with plain requests, as other tools lay it out. */
async function upload(
  repository: string,
  layer: Blob,
): Promise<{ readonly digest: string; readonly size: number }> {
  const config = Buffer.from('{"architecture":"amd64","os":"linux"}');
  for (const bytes of [config, layer.bytes]) {
    const begun = await fetch(`http://${open.host}/v2/${repository}/blobs/uploads/`, { method: "POST" });
    const target = new URL(begun.headers.get("location") ?? "");
    target.searchParams.set("digest", digestOf(bytes));
    await fetch(target, { method: "PUT", body: bytes as NonNullable<RequestInit["body"]> });
  }
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: digestOf(config),
      size: config.length,
    },
    layers: [{ mediaType: layer.mediaType, digest: digestOf(layer.bytes), size: layer.bytes.length }],
  });
  await put(`${repository}/manifests/v1`, manifest, "application/vnd.oci.image.manifest.v1+json");
  return { digest: digestOf(Buffer.from(manifest)), size: manifest.length };
}

async function put(path: string, body: string, type: string): Promise<void> {
  const { status } = await fetch(`http://${open.host}/v2/${path}`, {
    method: "PUT",
    body,
    headers: { "content-type": type },
  });
  expect(status).toBe(201);
}
