import type { BpfValue } from "@skep/bpf";
import { describe, expect, it } from "vitest";
import { eventFilters } from "../src/events/event-filter.ts";
import type { Shape } from "../src/shapes/shape.ts";
import { UsageError } from "../src/usage-error.ts";
import { array, comm, eventKind, struct, u8, u32, u64 } from "./kind.ts";

const type: Shape = {
  kind: "enum",
  size: 4,
  signed: false,
  values: [
    { name: "EXEC", value: 1n },
    { name: "EXIT", value: 2n },
  ],
};
const members = {
  pid: u32,
  ts: u64,
  comm,
  type,
  ok: { kind: "bool" } as const,
  ratio: { kind: "float", size: 8 } as const,
  key: struct({ addr: u32 }, "key"),
  slots: array(u8, 3),
  bytes: u64,
  addr: u32,
};
const kind = eventKind(members, { addr: "ip", ts: "duration ns" });
const event: BpfValue = {
  pid: 42,
  ts: 18446744073709551615n,
  comm: "bash",
  type: { name: "EXIT", value: 2 },
  ok: true,
  ratio: 1.5,
  key: { addr: 7 },
  slots: [1, 2, 3],
  bytes: 4096n,
  addr: 0x0100007f,
};
const filterOf = (text: string, warn: (line: string) => void = () => {}) =>
  eventFilters(text, [kind], warn)[0]!;

describe("--filter", () => {
  it.each([
    ["pid == 42", true],
    ["pid != 42", false],
    ["pid > 41 && pid < 43", true],
    ["pid in [1, 42]", true],
    ["ts == 18446744073709551615", true],
    ["ts > 9007199254740993", true],
    ['comm == "bash"', true],
    ['comm.startsWith("ba") && !comm.endsWith("x")', true],
    ['comm.matches("^b.*h$")', true],
    ["ok", true],
    ["!ok || ratio > 1.0", true],
    ["key.addr == 7", true],
    ["slots[1] == 2 && slots.exists(s, s == 3)", true],
    ['event.type == "EXIT"', true],
    ["event.bytes >= 4096", true],
    ['addr == "127.0.0.1" && addr.startsWith("127.")', true],
    ['event.addr == "127.0.0.1"', true],
    ['shown.addr == "127.0.0.1"', true],
    ['shown.key.addr == "7"', true],
    ["bits(pid, 0x2) != 0", true],
    ["pid % 2 == 0 ? ok : false", true],
  ])("%s is %s", (text, expected) => {
    expect(filterOf(text)(event)).toBe(expected);
  });

  it.each([
    ["pdi == 42", /Unknown variable: pdi at "pdi"/, "did you mean pid?"],
    ["pid == 'x'", /no such overload: int == string/, "pid is int"],
    ["pid", /pid is int, neither true nor false/, /compare/],
    ["pid = 3", /Unexpected character: = at "="/, /write for example/],
    ["pid ==", /Unexpected token/, /write for example/],
    ["bytes > 3", /bytes/, "bytes means something else here: write event.bytes"],
    ["shown.nonsense == 'x'", /there is no column nonsense/, /the columns are/],
    ["(".repeat(10_000), /./, /write for example/],
    ["process.exit()", /process/, /./],
  ])("refuses %.40s", (text, message, next) => {
    expect(() => filterOf(text)).toThrow(UsageError);
    try {
      filterOf(text);
    } catch (error) {
      expect((error as UsageError).message).toMatch(message);
      expect((error as UsageError).next).toEqual(
        typeof next === "string" ? next : expect.stringMatching(next),
      );
    }
  });

  it("shows no event that it cannot be evaluated for, and says so once", () => {
    const warnings: string[] = [];
    const filter = filterOf("pid / (pid - 42) == 1", (line) => warnings.push(line));
    expect([filter(event), filter(event)]).toEqual([false, false]);
    expect(warnings).toEqual(["--filter: division by zero: such events are not shown"]);
  });

  it("shows no event of a kind that lacks a member, unless all kinds do", () => {
    const other = eventKind({ code: u32 }, {}, { name: "other" });
    const [one, two] = eventFilters("code > 1", [kind, other], () => {});
    expect(one?.(event)).toBe(false);
    expect(two?.({ code: 2 })).toBe(true);
    expect(() => eventFilters("neither > 1", [kind, other], () => {})).toThrow(UsageError);
  });
});
