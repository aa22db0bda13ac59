import { describe, expect, it } from "vitest";
import { NotImplementedError } from "../../src/errors.ts";
import { open } from "../../src/object.ts";
import { compileFixture } from "../compile-fixture.ts";
import { compileNative, hasSdtHeader, startWaiting } from "./native-program.ts";
import { noLeaks } from "./no-leaks.ts";

noLeaks();

const load = () => open(compileFixture("usdt.bpf.c"), { name: "usdt" }).load();

describe.skipIf(!hasSdtHeader)("USDT arguments as a program reads them", () => {
  it("come from registers, the stack and constants, at every site, with sign and size", () => {
    using probes = compileNative("probes.c");
    using object = load();
    const link = object.program("args").attach({ target: `${probes.path}:skep:args`, cookie: 4242 });
    probes.run("10");
    // The first site has (i, i << 40, i, -9), the second (i + 100, -i, 7, 42), for i from 0 to 9.
    expect(object.variables.get("hits")).toBe(20n);
    expect(object.variables.get("sums")).toEqual([45n + 1045n, (45n << 40n) - 45n, 45n + 70n, -90n + 420n]);
    expect(object.variables.get("last_cookie")).toBe(4242n);
    link.close();
    probes.run("10");
    expect(object.variables.get("hits")).toBe(20n);
  });

  it("are read for one process only, when asked", async () => {
    using probes = compileNative("probes.c");
    using object = load();
    using child = startWaiting(probes.path, ["3", "wait"]);
    object.program("args").attach({ target: `${probes.path}:skep:args`, pid: child.pid });
    probes.run("10");
    await child.go();
    expect(object.variables.get("hits")).toBe(6n);
  });

  it("addressed by base + index * scale are refused where the program's header cannot read them", () => {
    using probes = compileNative("probes.c");
    using object = load();
    const attach = () => object.program("memory").attach({ target: `${probes.path}:skep:memory` });
    expect(attach).toThrow(NotImplementedError);
    expect(attach).toThrow("usdt.bpf.h cannot read");
    // Nothing was left in the map of records: the next attachment starts at slot 0.
    const value = object.map("__bpf_usdt_specs");
    expect(value.maxEntries).toBe(256);
  });

  it("addressed by base + index * scale are told to headers that can read them", () => {
    using probes = compileNative("probes.c");
    using object = open(compileFixture("usdt-scaled-index.bpf.c"), { name: "scaled" }).load();
    object.program("memory").attach({ target: `${probes.path}:skep:memory` });
    probes.run("8");
    expect(object.variables.get("kinds")).toBe(8n);
    expect(object.variables.get("sum")).toBe(10n + 11n + 12n + 13n + 14n + 15n + 16n + 17n);
  });

  it("in variables of the binary are found by the distance from the probe", () => {
    using probes = compileNative("probes.c", "-DNO_INDEX");
    using object = load();
    object.program("memory").attach({ target: `${probes.path}:skep:memory` });
    probes.run("4");
    expect(object.variables.get("memory_count")).toBe(2);
    expect(object.variables.get("errors")).toBe(0n);
    expect(object.variables.get("memory_sums")).toEqual([0n + 1n + 2n + 3n, 1000n + 1001n + 1002n + 1003n]);
  });
});
