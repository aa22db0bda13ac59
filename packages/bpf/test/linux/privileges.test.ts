import { describe, expect, it } from "vitest";
import {
  type Capability,
  effectiveCapabilities,
  inUserNamespace,
  missingCapabilities,
} from "../../src/linux/capabilities.ts";
import { ENOENT } from "../../src/linux/errno.ts";
import { parseLockdown } from "../../src/linux/lockdown.ts";
import { filesWith } from "./files-with.ts";

describe("capabilities", () => {
  it("are read by name from a process's status", () => {
    const status =
      "Name:\tnode\nCapPrm:\t0000000000000000\nCapEff:\t000000c000000400\nCapBnd:\t000001ffffffffff\n";
    expect([...effectiveCapabilities(status, false)]).toEqual([
      "CAP_NET_BIND_SERVICE",
      "CAP_PERFMON",
      "CAP_BPF",
    ]);
    expect(effectiveCapabilities("", false).size).toBe(0);
  });

  it("of a user namespace are none for the machine", () => {
    const isIn = (uidMap: string | number) =>
      inUserNamespace(filesWith((path) => (path === "/proc/self/uid_map" ? uidMap : undefined)));
    expect(isIn("         0          0 4294967295\n")).toBe(false);
    expect(isIn("         0       1000          1\n")).toBe(true);
    // Nobody is mapped yet.
    expect(isIn("")).toBe(true);
    // A kernel without user namespaces.
    expect(isIn(ENOENT)).toBe(false);
    expect(effectiveCapabilities("CapEff:\t000001ffffffffff\n", true).size).toBe(0);
  });

  it("of an administrator cover those split off later", () => {
    const has = (...names: Capability[]) => new Set(names);
    expect(missingCapabilities(undefined, has("CAP_SYS_ADMIN"))).toEqual([]);
    expect(missingCapabilities(undefined, has("CAP_BPF"))).toEqual(["CAP_PERFMON"]);
    expect(missingCapabilities(["CAP_NET_ADMIN"], has("CAP_SYS_ADMIN"))).toEqual(["CAP_NET_ADMIN"]);
  });
});

describe("lockdown", () => {
  it.each([
    ["[none] integrity confidentiality", "none"],
    ["none [integrity] confidentiality", "integrity"],
    ["none integrity [confidentiality]", "confidentiality"],
    ["something new", undefined],
    [undefined, undefined],
  ])("reads %j", (text, level) => {
    expect(parseLockdown(text)).toBe(level);
  });
});
