import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ClosedError, InvalidArgumentError, NotFoundError } from "../../src/errors.ts";
import { hostKernel } from "../../src/linux/kernel.ts";
import type { ArrayMap } from "../../src/maps/array.ts";
import type { BpfObject } from "../../src/object/bpf-object.ts";
import { open } from "../../src/object.ts";
import { compileFixture } from "../compile-fixture.ts";

const bytes = compileFixture("load/parts.bpf.c");
const folder = mkdtempSync(join(tmpdir(), "skep-load-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** getppid(2) from this very process: Node's own process.ppid makes the call. */
function poke(): void {
  void process.ppid;
}

describe("an object of many parts", () => {
  let object: BpfObject;
  beforeAll(() => {
    const spec = open(bytes, { name: "parts" });
    spec.variables.set("wanted_pid", process.pid);
    spec.program("kfuncs").autoload = true;
    object = spec.load({ kconfig: { CONFIG_HZ: "250" } });
    (object.map("second") as ArrayMap).update(0, 77n);
    object.attach((program) => (program.name === "tail" ? undefined : {}));
    poke();
  });
  afterAll(() => object?.close());

  it("sees what was set before the load, and shows what the program wrote", () => {
    expect(object.variables.get("wanted_pid")).toBe(process.pid);
    expect(object.variables.get("range")).toEqual({ low: 1, high: 2 });
    expect(object.variables.get("seen")).toBe(41);
    expect(object.variables.get("text")).toBe("before");
  });

  it("gives kernel options and symbols their values", () => {
    const kernel = hostKernel();
    expect(object.variables.get("kernel_version")).toBe(BigInt(kernel.version));
    expect(object.variables.get("hertz")).toBe(250n);
    expect(object.variables.get("not_set")).toBe(0n);
    expect(object.variables.get("schedule_address")).toBe(kernel.symbolAddress("schedule"));
    expect(object.variables.get("missing_address")).toBe(0n);
  });

  it("calls functions, callbacks, tail calls and kernel functions", () => {
    expect(object.variables.get("looped")).toBe(10n);
    expect(object.variables.get("tails")).toBe(1n);
    expect(object.variables.get("calls")).toBe(4n);
    expect(object.variables.get("own_tgid")).toBe(BigInt(process.pid));
  });

  it("fills the slots of maps of maps", () => {
    expect(object.variables.get("inner_value")).toBe(77n);
  });

  it("sizes buffers for this machine", () => {
    expect(object.map("ring").maxEntries).toBe(8192);
    expect(object.map("events").maxEntries).toBe(hostKernel().possibleCpus);
  });

  it("takes writes to variables while it runs", () => {
    object.variables.set("seen", 100);
    poke();
    expect(object.variables.get("seen")).toBe(101);
    expect(() => object.variables.set("wanted_pid", 1)).toThrow(InvalidArgumentError);
    expect(() => object.variables.set("seen", 1n << 40n)).toThrow(
      /^seen takes -?\d+ to \d+, 1099511627776 was/,
    );
    expect(object.variables.get("seen")).toBe(101);
    expect(() => object.variables.get("no_such_variable")).toThrow(
      expect.objectContaining({ next: expect.stringContaining("wanted_pid") }),
    );
  });

  it("keeps a value that the next one cannot replace", () => {
    const { variables } = open(bytes);
    variables.set("range", { low: 5, high: 6 });
    expect(() => variables.set("range", { low: 7, hihg: 8 })).toThrow(/^range has no member hihg/);
    expect(variables.get("range")).toEqual({ low: 5, high: 6 });
  });

  it("has the tags that libbpf gives the same object", (ctx) => {
    const path = join(folder, "parts.o");
    writeFileSync(path, bytes);
    const oracle = join(folder, "load-object");
    try {
      const source = new URL("../oracle/load-object.c", import.meta.url).pathname;
      execFileSync("cc", ["-O2", "-o", oracle, source, "-lbpf"], { stdio: "pipe" });
    } catch {
      return ctx.skip("needs cc and libbpf-dev");
    }
    const lines = execFileSync(oracle, [path], { encoding: "utf8" }).trim().split("\n");
    const theirs = lines.map((line) => JSON.parse(line)).filter(({ mode }) => mode === "all");
    expect(theirs.length).toBe(3);
    // The constants differ (the pid), the instructions do not.
    for (const { program, tag } of theirs)
      expect([program, object.program(program).tag]).toEqual([program, tag]);
  });

  it("keeps its links and closes them with everything else", () => {
    const again = open(bytes, { name: "parts" });
    const loaded = again.load();
    const [link] = loaded.attach({});
    expect(loaded.links).toContain(link);
    link!.close();
    expect(loaded.links).not.toContain(link);
    loaded.close();
    loaded.close();
    expect(() => loaded.attach()).toThrow(ClosedError);
    expect(() => loaded.variables.get("seen")).toThrow(ClosedError);
  });

  it("names what there is when asked for what there is not", () => {
    expect(() => object.program("nope")).toThrow(
      expect.objectContaining({ next: expect.stringContaining("parts") }),
    );
    expect(() => object.map("nope")).toThrow(NotFoundError);
    expect(() => open(bytes).variables.set("nope", 1)).toThrow(NotFoundError);
  });
});
