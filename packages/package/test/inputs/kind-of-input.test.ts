import { gzipSync } from "node:zlib";
import { kindOfInput, strangerName } from "@skep/package";
import { packTar } from "modern-tar";
import { describe, expect, it } from "vitest";
import { sampleBytes, utf8 } from "../sample-package.ts";

describe("kindOfInput", () => {
  it("knows a source whose author's name is not UTF-8", () => {
    expect(kindOfInput(Buffer.from("/* Jos\xe9 */\n#include <linux/bpf.h>\n", "latin1"))).toBe("source");
    expect(kindOfInput(Buffer.from("/* Jos\xe9 */\n", "latin1"))).toBeUndefined();
    expect(kindOfInput(Buffer.from("\xe9\0\n#include <linux/bpf.h>\n", "latin1"))).toBeUndefined();
  });

  it.each<[string, string, string | Uint8Array]>([
    ["json", "a package", sampleBytes()],
    ["json", "JSON after spaces", ' \n\t{"meta": {}}'],
    ["yaml", "YAML of a package", "bpf_object: eJw=\nbpf_object_size: 4\n"],
    ["yaml", "YAML that begins with another key", "extra: 1\nmeta:\n  bpf_skel: {}\n"],
    ["yaml", "YAML with a document mark", "---\nmeta: {}\n"],
    ["wasm", "a module", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)],
    ["object", "an ELF file", Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2)],
    ["gzip", "a gzip file", new Uint8Array(gzipSync("x"))],
    ["source", "a source", '// SPDX\n#include "vmlinux.h"\n'],
    ["source", "a source that only has a section", 'int SEC("xdp") f() { return 2; }'],
    ["source", "a source that begins with a brace in a comment", "/* { */\n#define X 1\n"],
  ])("says %s for %s", (kind, _what, content) => {
    expect(kindOfInput(typeof content === "string" ? utf8(content) : content)).toBe(kind);
  });

  it("knows a tar archive by its first header, old ones too", async () => {
    const tar = await packTar([{ header: { name: "package.json", size: 2 }, body: "{}" }]);
    expect(kindOfInput(tar)).toBe("tar");
    const old = new Uint8Array(512);
    old.set(utf8("package.json"), 0);
    const sum = utf8("package.json").reduce((total, byte) => total + byte, 8 * 0x20);
    old.set(utf8(sum.toString(8).padStart(6, "0")), 148);
    expect(kindOfInput(old)).toBe("tar");
    old[0] = 0x71;
    expect(kindOfInput(old)).toBeUndefined();
  });

  it.each<[string, string | Uint8Array]>([
    ["empty", ""],
    ["a web page", "<!DOCTYPE html><title>404</title>"],
    ["a zip archive", Uint8Array.of(0x50, 0x4b, 3, 4)],
    ["BTF, not a program", Uint8Array.of(0x9f, 0xeb, 1, 0)],
    ["a script", "#!/bin/sh\necho\n"],
    ["text of no known kind", "hello\n"],
    ["neither text nor any binary format that runs here", Uint8Array.of(1, 2, 0, 0xff)],
  ])("has a name for %s", (name, content) => {
    const bytes = typeof content === "string" ? utf8(content) : content;
    expect(kindOfInput(bytes)).toBeUndefined();
    expect(strangerName(bytes)).toBe(name);
  });

  it("reads a character that the head cuts in two", () => {
    expect(kindOfInput(utf8(`{${"é".repeat(40_000)}`))).toBe("json");
    expect(kindOfInput(utf8(`{x${"é".repeat(40_000)}`))).toBe("json");
  });
});
