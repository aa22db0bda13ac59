import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readElf } from "../../src/elf/read-elf.ts";
import { NotFoundError, NotImplementedError } from "../../src/errors.ts";
import { symbolOffset } from "../../src/links/symbol-offset.ts";
import { usdtNotes, usdtSite } from "../../src/links/usdt-notes.ts";
import { findBinary } from "../../src/linux/binary-path.ts";
import { compileNative, hasSdtHeader, type NativeProgram } from "./native-program.ts";

describe.skipIf(!hasSdtHeader)("a binary of our own", () => {
  let program: NativeProgram;
  beforeAll(() => {
    program = compileNative("probes.c");
  });
  afterAll(() => program[Symbol.dispose]());
  const elf = () => readElf(readFileSync(program.path));

  it("has its functions where nm and the segments say", () => {
    const address = Number.parseInt(
      execFileSync("nm", [program.path], { encoding: "utf8" }).match(/(\S+) T work$/m)?.[1] ?? "",
      16,
    );
    // gcc's linker maps the text segment at its file offset.
    expect(symbolOffset(elf(), "work", program.path)).toBe(address);
  });

  it("has its probes where readelf says, with their arguments", () => {
    const notes = usdtNotes(elf());
    const text = execFileSync("readelf", ["-n", "--wide", program.path], { encoding: "utf8" });
    const expected = [...text.matchAll(/Name: (\S+)\s+Location: 0x([0-9a-f]+).*\s+Arguments: (.*)/g)];
    expect(notes.map((note) => [note.name, note.address, note.argumentText])).toEqual(
      expected.map(([, name, address = "", args]) => [name, Number.parseInt(address, 16), args?.trim()]),
    );
    expect(notes.length).toBe(4);
    expect(usdtSite(elf(), notes[0]!).semaphore).toBeUndefined();
  });

  it("lists what is alike when a function is missing", () => {
    expect(() => symbolOffset(elf(), "mor_work", program.path)).toThrow(NotFoundError);
  });
});

describe("the system's binaries", () => {
  const libc = findBinary("libc.so.6");
  const elf = readElf(readFileSync(libc));

  it("give the default version of a symbol, and others by name", (ctx) => {
    const versions = execFileSync("readelf", ["--dyn-syms", "--wide", libc], { encoding: "utf8" });
    const address = (name: string) =>
      Number.parseInt(
        versions.match(new RegExp(`: (\\w+) .* FUNC .* ${name.replaceAll(".", "\\.")}$`, "m"))?.[1] ?? "",
        16,
      );
    const current = /pthread_create@@(\S+)/.exec(versions)?.[1];
    if (current === undefined) return ctx.skip("this libc has no versions of symbols");
    expect(symbolOffset(elf, "pthread_create", libc)).toBe(address(`pthread_create@@${current}`));
    expect(symbolOffset(elf, `pthread_create@@${current}`, libc)).toBe(address(`pthread_create@@${current}`));
    const timer = [...versions.matchAll(/FUNC .* (\w+)@(GLIBC_\S+)$/gm)].find(([, name]) =>
      versions.includes(` ${name}@@`),
    );
    if (timer === undefined) return ctx.skip("this libc has one version of each function");
    expect(symbolOffset(elf, `${timer[1]}@${timer[2]}`, libc)).toBe(address(`${timer[1]}@${timer[2]}`));
  });

  it("say that an IFUNC is chosen at run time", () => {
    expect(() => symbolOffset(elf, "memcpy", libc)).toThrow(NotImplementedError);
  });

  it.skipIf(!existsSync("/usr/bin/python3.11"))("have semaphores in python, at file offsets", () => {
    const python = readElf(readFileSync("/usr/bin/python3.11"));
    const sites = usdtNotes(python).map((note) => usdtSite(python, note));
    expect(sites.length).toBeGreaterThan(0);
    expect(sites.every((site) => site.semaphore !== undefined && site.provider === "python")).toBe(true);
  });
});
