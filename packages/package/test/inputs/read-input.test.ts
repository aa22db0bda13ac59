import { deflateSync, gzipSync } from "node:zlib";
import { MalformedError } from "@skep/bpf";
import { type Input, readInput } from "@skep/package";
import { packTar, type TarEntry } from "modern-tar";
import { describe, expect, it } from "vitest";
import { sampleBytes, samplePackage, utf8 } from "../sample-package.ts";

const file = (name: string, body: Uint8Array | string): TarEntry => ({
  header: { name, size: typeof body === "string" ? utf8(body).length : body.length },
  body,
});
const tar = (...entries: TarEntry[]) => packTar(entries);
const MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const FOCAL = "btfhub-archive/ubuntu/20.04/x86_64/5.4.0-100-generic.btf";

async function archiveOf(bytes: Uint8Array) {
  const input = await readInput(bytes, "x.tar");
  if (input.kind !== "archive") throw new Error(input.kind);
  return input.archive;
}

describe("readInput", () => {
  it("reads every kind, packed with gzip or not", async () => {
    const kinds: [Input["kind"], Uint8Array][] = [
      ["package", sampleBytes()],
      ["archive", await tar(file("package.json", sampleBytes()))],
      ["wasm", MODULE],
      ["object", samplePackage().object],
      ["source", utf8("#include <linux/bpf.h>\n")],
    ];
    for (const [kind, bytes] of kinds) {
      expect((await readInput(bytes, "it")).kind).toBe(kind);
      expect((await readInput(new Uint8Array(gzipSync(bytes)), "it")).kind).toBe(kind);
    }
  });

  it("makes a package without annotations of a bare object", async () => {
    const input = await readInput(samplePackage().object, "x.o");
    expect(input).toMatchObject({ kind: "object", package: { object: samplePackage().object } });
  });

  it("finds package and kernel types in an archive, wherever they lie", async () => {
    const { package: found, btf } = await archiveOf(
      await tar(
        { header: { name: "btfhub-archive/", size: 0, type: "directory" } },
        file(FOCAL, "BTF of focal"),
        file("sample", samplePackage().object),
        file("./package.json", sampleBytes()),
      ),
    );
    expect(found.meta.bpf_skel.obj_name).toBe("sample_bpf");
    expect([...btf.keys()]).toEqual(["ubuntu/20.04/x86_64/5.4.0-100-generic"]);
  });

  it("takes long names from pax headers", async () => {
    const release = `5.4.0-${"x".repeat(200)}`;
    const { btf } = await archiveOf(
      await tar(file("package.json", sampleBytes()), file(`btfhub-archive/a/b/c/${release}.btf`, "types")),
    );
    expect([...btf.keys()]).toEqual([`a/b/c/${release}`]);
  });

  it("looks names up and never follows them", async () => {
    const { btf } = await archiveOf(
      await tar(
        { header: { name: "package.json", size: 0, type: "symlink", linkname: "/etc/passwd" } },
        file("../../etc/cron.d/x", "* * * * * root x"),
        file("/etc/package.json", "{}"),
        file("package.json", sampleBytes()),
        file("btfhub-archive/../../../etc/shadow.btf", "x"),
      ),
    );
    expect([...btf.keys()]).toEqual(["../../../etc/shadow"]);
  });

  const bad: [string, () => Promise<Uint8Array> | Uint8Array][] = [
    ["nothing", () => new Uint8Array()],
    ["an archive without a package", () => tar(file("readme", "x"))],
    [
      "an archive whose package is a link",
      () => tar({ header: { name: "package.json", size: 0, type: "link", linkname: "x" } }),
    ],
    [
      "an archive that is cut off",
      async () =>
        (await tar(file(FOCAL, new Uint8Array(5000)), file("package.json", sampleBytes()))).subarray(0, 3000),
    ],
    [
      "an archive with a damaged header",
      async () => {
        const bytes = await tar(file("a", "x"), file("package.json", sampleBytes()));
        bytes[1024 + 130] = 0x39;
        return bytes;
      },
    ],
    [
      "an archive with an endless file",
      async () => {
        const bytes = await tar(file("package.json", sampleBytes()));
        bytes.set(utf8("77777777777\0"), 124);
        return bytes;
      },
    ],
    [
      "an archive of very many files",
      async () => {
        const entries = Array.from({ length: 20_001 }, (_, index) => file(`f${index}`, ""));
        return tar(...entries);
      },
    ],
    ["a gzip file in a gzip file", () => new Uint8Array(gzipSync(gzipSync("x")))],
    ["a gzip file that is cut off", () => new Uint8Array(gzipSync(sampleBytes())).subarray(0, 60)],
    ["a gzip bomb", () => new Uint8Array(gzipSync(Buffer.alloc(600 * 1024 * 1024), { level: 1 }))],
    [
      "a package with an object bomb",
      () => {
        const bomb = deflateSync(Buffer.alloc(100 * 1024 * 1024)).toString("base64");
        return utf8(`{"bpf_object":"${bomb}","meta":{"bpf_skel":{"obj_name":"x"}}}`);
      },
    ],
    ["JSON that is no package", () => utf8('{"name":"left-pad","version":"1.0.0"}')],
    ["JSON nested without end", () => utf8('{"a":'.repeat(1_000_000))],
    ["JSON with wrong types", () => utf8('{"bpf_object":7,"meta":[]}')],
    ["a web page", () => utf8("<html><body>404 Not Found</body></html>")],
    ["a list", () => utf8("[1,2]")],
  ];
  it.each(bad)("refuses %s in one line that says what to do", async (_what, make) => {
    const error = await readInput(await make(), "it").then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(MalformedError);
    expect((error as MalformedError).message).not.toContain("\n");
    expect((error as MalformedError).message.length).toBeLessThan(300);
    expect((error as MalformedError).next).not.toBe("");
  });

  it("survives an archive that is changed anywhere", async () => {
    const whole = await tar(file(FOCAL, "types"), file("package.json", sampleBytes()));
    for (let at = 0; at < whole.length; at += 3) {
      const bytes = whole.slice();
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      await readInput(bytes, "it").catch((error: unknown) => expect(error).toBeInstanceOf(MalformedError));
    }
  });
});
