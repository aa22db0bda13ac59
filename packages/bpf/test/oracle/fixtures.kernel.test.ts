import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BpfError } from "../../src/errors.ts";
import { open } from "../../src/object.ts";
import { compileFixture } from "../compile-fixture.ts";

let folder: string;
let oracle: string;

/** What became of a program that was loaded alone: its tag, or `refused`. */
type Outcome = readonly [program: string, tag: string];

function byLibbpf(path: string): Outcome[] {
  return execFileSync(oracle, [path], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ mode }) => mode === "one")
    .map(({ program, tag }) => [program, tag ?? "refused"]);
}

function byUs(path: string): Outcome[] {
  const names = [...open(path).programs.keys()];
  return names.map((name): Outcome => {
    const spec = open(path);
    for (const program of spec.programs.values()) program.autoload = program.name === name;
    try {
      using object = spec.load();
      return [name, object.program(name).tag];
    } catch (error) {
      if (error instanceof BpfError) return [name, "refused"];
      throw error;
    }
  });
}

describe.skipIf(!existsSync("/usr/include/bpf/libbpf.h"))("what our own sources become", () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "skep-oracle-"));
    oracle = join(folder, "load-object");
    const source = new URL("./load-object.c", import.meta.url).pathname;
    execFileSync("cc", ["-O2", "-o", oracle, source, "-lbpf"], { stdio: "pipe" });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  // Not those that need more than Debian's libbpf 1.1 has: flavours of kernel functions, newer SEC() names, static helpers in SEC().
  it.each(["load/core-kinds", "load/callback", "references", "minimal", "events"])(
    "is what libbpf makes of them: %s",
    (name) => {
      const path = join(folder, "object.o");
      writeFileSync(path, compileFixture(`${name}.bpf.c`));
      const theirs = byLibbpf(path);
      expect(theirs.length).toBeGreaterThan(0);
      expect(byUs(path).sort()).toEqual(theirs.sort());
    },
  );
});
