import { BPF_MAP_TYPE_LPM_TRIE, type MapSpec } from "@skep/bpf";
import { describe, expect, it } from "vitest";
import { addressKeys } from "../src/arguments/address-keys.ts";
import { type MapFlag, parseMapEntries } from "../src/arguments/map-flags.ts";
import { parseArguments, type ToolOptions } from "../src/arguments/parse-arguments.ts";
import type { UsageError } from "../src/usage-error.ts";

const number = { kind: "integer", bits: 16, signed: false } as const;
const key = { name: "ports", shape: number, format: undefined };
const ports: MapFlag = {
  name: "ports",
  short: "P",
  map: "ports",
  help: "Ports",
  maxEntries: 8,
  key,
  value: undefined,
  valueSize: 24,
  enables: "filter_ports",
};
const weights: MapFlag = {
  ...ports,
  name: "weights",
  short: undefined,
  value: key,
  enables: undefined,
};

describe("a map's flag", () => {
  it("takes keys, and values where they can be written", () => {
    expect(parseMapEntries(ports, "80,443")).toEqual([
      { key: 80n, value: undefined },
      { key: 443n, value: undefined },
    ]);
    expect(parseMapEntries(weights, "80=1,443=0x10")).toEqual([
      { key: 80n, value: 1n },
      { key: 443n, value: 16n },
    ]);
  });

  it.each(["80,,443", "", "70000", "a=1", "80=1"])("refuses %j", (text) => {
    expect(() => parseMapEntries(ports, text)).toThrow("--ports");
  });

  it("may be repeated, and turns its bool on", () => {
    const options: ToolOptions = {
      flags: [],
      mapFlags: [ports, weights],
      globals: [],
      unsettable: new Map(),
      tables: [],
      abilities: new Set(),
    };
    const { maps, variables } = parseArguments(options, ["--ports", "1", "-P2,3", "--weights=4=5"]);
    expect(maps.get(ports)?.map(({ key }) => key)).toEqual([1n, 2n, 3n]);
    expect(maps.get(weights)).toEqual([{ key: 4n, value: 5n }]);
    expect([...variables]).toEqual([["filter_ports", true]]);
  });
});

describe("--set MAP[KEY]=VALUE", () => {
  const number16 = { ...key, name: "set weights" };
  const options: ToolOptions = {
    flags: [],
    mapFlags: [],
    globals: [],
    unsettable: new Map(),
    tables: [{ ...weights, name: "set weights", map: "weights", key: number16, value: number16 }],
    abilities: new Set(),
  };

  it("writes entries of any map of scalars", () => {
    const { maps, variables } = parseArguments(options, ["--set", "weights[80]=1", "--set=weights[0x51]=2"]);
    expect([...maps.values()]).toEqual([
      [
        { key: 80n, value: 1n },
        { key: 81n, value: 2n },
      ],
    ]);
    expect(variables.size).toBe(0);
  });

  it.each([
    ["wieghts[80]=1", "did you mean weights"],
    ["weights[a]=1", "--set weights"],
    ["weights[80]=70000", "--set weights"],
    ["weights[80]", "NAME=VALUE"],
  ])("refuses %s", (text, says) => {
    let told = "";
    try {
      parseArguments(options, ["--set", text]);
    } catch (error) {
      told = `${(error as UsageError).message} ${(error as UsageError).next}`;
    }
    expect(told).toContain(says);
  });
});

describe("addresses as keys", () => {
  const bytes = { kind: "array", length: 16, element: { kind: "integer", bits: 8, signed: false } } as const;
  const opaque = { kind: "opaque" } as const;
  const map = (type: number, keySize: number) => ({ type, keySize }) as MapSpec;
  const networks = addressKeys("laddrs", map(BPF_MAP_TYPE_LPM_TRIE, 20), opaque);
  const hex = (key: Uint8Array | undefined) => Buffer.from(key ?? []).toString("hex");
  const length = (bits: number) => hex(new Uint8Array(Uint32Array.of(bits).buffer));

  it("are networks in a trie, where IPv4 lies in IPv6", () => {
    expect(hex(networks?.parse("10.1.0.0/16"))).toBe(`${length(112)}00000000000000000000ffff0a010000`);
    expect(hex(networks?.parse("10.1.2.3"))).toBe(`${length(128)}00000000000000000000ffff0a010203`);
    expect(hex(networks?.parse("0.0.0.0/0"))).toBe(`${length(96)}00000000000000000000ffff00000000`);
    expect(hex(networks?.parse("2001:db8::/32"))).toBe(`${length(32)}20010db8000000000000000000000000`);
    expect(networks?.word).toBe("ADDRESS[/BITS]");
  });

  it("are single in other maps", () => {
    const single = addressKeys("raddrs", map(1, 16), bytes);
    expect(hex(single?.parse("::1"))).toBe("00000000000000000000000000000001");
    expect(hex(single?.parse("127.0.0.1"))).toBe("00000000000000000000ffff7f000001");
    expect(() => single?.parse("10.0.0.0/8")).toThrow("is a network");
  });

  it("have only room for IPv4 in short keys", () => {
    const short = addressKeys("laddrs", map(BPF_MAP_TYPE_LPM_TRIE, 8), opaque);
    expect(hex(short?.parse("10.1.0.0/16"))).toBe(`${length(16)}0a010000`);
    expect(() => short?.parse("::1")).toThrow("is an IPv6 address");
  });

  it.each(["10.0.0.256", "localhost", "", "10.0.0.0/33", "::1/129", "1.2.3.4/"])("refuse %j", (text) => {
    expect(() => networks?.parse(text)).toThrow("is no address");
  });
});
