import { describe, expect, it } from "vitest";
import { type MapFlag, parseMapEntries } from "../src/map-flags.ts";
import { parseArguments, type ToolOptions } from "../src/parse-arguments.ts";

const number = { kind: "integer", bits: 16, signed: false } as const;
const ports: MapFlag = {
  name: "ports",
  short: "P",
  map: "ports",
  help: "Ports",
  maxEntries: 8,
  key: { name: "ports", shape: number, format: undefined },
  value: undefined,
  valueSize: 24,
  enables: "filter_ports",
};
const weights: MapFlag = {
  ...ports,
  name: "weights",
  short: undefined,
  value: ports.key,
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
    const options: ToolOptions = { flags: [], mapFlags: [ports, weights], globals: [], abilities: new Set() };
    const { maps, variables } = parseArguments(options, ["--ports", "1", "-P2,3", "--weights=4=5"]);
    expect(maps.get(ports)?.map(({ key }) => key)).toEqual([1n, 2n, 3n]);
    expect(maps.get(weights)).toEqual([{ key: 4n, value: 5n }]);
    expect([...variables]).toEqual([["filter_ports", true]]);
  });
});
