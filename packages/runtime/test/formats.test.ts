import type { BpfValue } from "@skep/bpf";
import { BtfBuilder, BtfKind } from "@skep/bpf";
import { describe, expect, it } from "vitest";
import type { Machine } from "../src/formats/machine.ts";
import { columnsOf } from "../src/output/columns.ts";
import type { Shape } from "../src/shapes/shape.ts";
import { array, comm, s32, struct, u8, u16, u32, u64 } from "./kind.ts";
import { testMachine } from "./machine.ts";

interface Case {
  readonly shape: Shape;
  readonly value: BpfValue;
  readonly others?: Readonly<Record<string, { readonly shape: Shape; readonly value: BpfValue }>>;
  readonly machine?: Partial<Machine>;
  readonly btf?: ReturnType<BtfBuilder["build"]>;
}

/** How a member with this format is shown, and what is complained about. */
function show(format: string, { shape, value, others = {}, machine = {}, btf }: Case) {
  const warnings: string[] = [];
  const members = { it: shape, ...Object.fromEntries(Object.entries(others).map(([k, v]) => [k, v.shape])) };
  const notes = { format, hidden: false, ignore: false };
  const annotations = new Map([
    ["event", { view: undefined, kind: undefined, members: new Map([["it", notes]]) }],
  ]);
  const [column] = columnsOf(struct(members), {
    machine: testMachine(machine),
    annotations,
    btf,
    warn: (line) => warnings.push(line),
  });
  const event = { it: value, ...Object.fromEntries(Object.entries(others).map(([k, v]) => [k, v.value])) };
  return { text: column?.text(event), lines: column?.lines?.(event), warnings, column };
}

const u128: Shape = { kind: "integer", bits: 128, signed: false };
const s64: Shape = { kind: "integer", bits: 64, signed: true };
const bytes = (length: number) => array(u8, length);
const in6 = struct(
  { in6_u: struct({ u6_addr8: bytes(16), u6_addr16: array(u16, 8), u6_addr32: array(u32, 4) }, "") },
  "in6_addr",
);
const v6 = (hex: string) => [...Buffer.from(hex.replaceAll(":", ""), "hex")];

describe("formats", () => {
  it.each<[string, Shape, BpfValue, string]>([
    ["ip", u32, 0x0100007f, "127.0.0.1"],
    ["ip", bytes(4), [10, 0, 0, 255], "10.0.0.255"],
    ["ip", bytes(16), v6("fe80:0000:0000:0000:0000:0000:0000:0001"), "fe80::1"],
    ["ip", bytes(16), v6("0000:0000:0000:0000:0000:0000:0000:0000"), "::"],
    ["ip", bytes(16), v6("2001:0db8:0000:0001:0001:0001:0001:0001"), "2001:db8:0:1:1:1:1:1"],
    ["ip", bytes(16), v6("2001:0db8:0000:0000:0001:0000:0000:0001"), "2001:db8::1:0:0:1"],
    ["ip", bytes(16), v6("0000:0000:0000:0000:0000:ffff:7f00:0001"), "::ffff:127.0.0.1"],
    ["ip", u128, 1n << 120n, "::1"],
    ["ip", array(u32, 4), [0x000080fe, 0, 0, 0x01000000], "fe80::1"],
    ["ip", in6, { in6_u: { u6_addr8: v6("fe80:0000:0000:0000:0000:0000:0000:0002") } }, "fe80::2"],
    ["port", u16, 0xbb01, "443"],
    ["port host", u16, 443, "443"],
    ["port", u32, 0x5000, "80"],
    ["mac", bytes(6), [0x52, 0x54, 0, 0x12, 0x34, 0x56], "52:54:00:12:34:56"],
    ["errno", s32, -2, "ENOENT"],
    ["errno", s32, 2, "ENOENT"],
    ["errno", s32, 0, "0"],
    ["errno", s64, -512n, "ERESTARTSYS"],
    ["errno", s32, 4095, "unknown:4095"],
    ["signal", s32, 15, "SIGTERM"],
    ["signal", s32, 0, "0"],
    ["signal", s32, 34, "SIGRTMIN"],
    ["signal", s32, 64, "SIGRTMIN+30"],
    ["signal", s32, 32, "unknown:32"],
    ["signal", s32, -1, "unknown:-1"],
    ["syscall", u32, 257, "openat"],
    ["syscall", u64, 0n, "read"],
    ["syscall", u32, 469, "file_setattr"],
    ["syscall", u32, 5000, "unknown:5000"],
    ["exit", s32, 0, "code 0"],
    ["exit", s32, 0x200, "code 2"],
    ["exit", s32, 9, "signal SIGKILL"],
    ["exit", s32, 0x8b, "signal SIGSEGV, core dumped"],
    ["duration ns", u64, 0n, "0ns"],
    ["duration ns", u64, 999n, "999ns"],
    ["duration ns", u64, 1_250n, "1.25us"],
    ["duration ns", u64, 999_996n, "1.00ms"],
    ["duration ns", u64, 1_250_000n, "1.25ms"],
    ["duration ns", u64, 59_000_000_000n, "59.00s"],
    ["duration ns", u64, 59_999_000_000n, "1m00s"],
    ["duration ns", u64, 3_723_000_000_000n, "1h02m"],
    ["duration ns", u64, 90_000_000_000_000n, "1d01h"],
    ["duration ns", s64, -1_250n, "-1.25us"],
    ["duration us", u32, 5, "5us"],
    ["duration us", u32, 1_500, "1.50ms"],
    ["duration ms", u32, 1_500, "1.50s"],
    ["duration s", u32, 7, "7s"],
    ["duration", u64, 7n, "7ns"],
    ["timestamp ns", u64, 999_000_000_000n, "03:04:04.000000678"],
    ["timestamp us", u64, 1_000_000_000n, "03:04:05.000000678"],
    ["timestamp ns boot", u64, 2_000_000_000_001n, "03:04:05.000000679"],
    ["bytes", u64, 512n, "512"],
    ["bytes", u64, 65_536n, "64.0K"],
    ["bytes", u64, 1_048_575n, "1.0M"],
    ["bytes", u64, (1n << 64n) - 1n, "16.0E"],
    ["bytes", s64, -2048n, "-2.0K"],
    ["hex", u32, 255, "0xff"],
    ["hex", s32, -1, "0xffffffff"],
    ["hex", u64, (1n << 64n) - 1n, "0xffffffffffffffff"],
    ["hex", bytes(3), [1, 2, 255], "0102ff"],
    ["octal", u16, 0o644, "0644"],
    ["octal", s32, -1, "037777777777"],
    ["octal", u16, 0, "0"],
    ["mode", u32, 0o100644, "-rw-r--r--"],
    ["mode", u32, 0o041777, "drwxrwxrwt"],
    ["mode", u32, 0o104755, "-rwsr-xr-x"],
    ["mode", u32, 0o102644, "-rw-r-Sr--"],
    ["mode", u32, 0o755, "rwxr-xr-x"],
    ["uid", u32, 0, "root"],
    ["uid", s32, -1, "4294967295"],
    ["uid", u32, 7, "7"],
    ["boolean", u8, 1, "true"],
    ["boolean", u64, 0n, "false"],
    ["char", u8, 97, "a"],
    ["char", u8, 10, "\\n"],
    ["char", u8, 0, ""],
    ["char", u8, 0xe4, "\\xe4"],
    ["comm", comm, "bash", "bash"],
    ["string", bytes(4), [104, 105, 0, 120], "hi"],
    ["string", bytes(2), [0x1b, 0xff], "\\x1b\\xff"],
    ["ksym", u64, 0xffffffff81000012n, "0xffffffff81000012"],
    ["flags open", s32, 0, "O_RDONLY"],
    ["flags open", s32, 0o2000101, "O_WRONLY|O_CREAT|O_CLOEXEC"],
    ["flags open", s32, 0o20200002, "O_RDWR|O_TMPFILE"],
    ["flags open", s32, 0o4010000, "O_RDONLY|O_SYNC"],
    ["flags open", u32, 0x80000000, "O_RDONLY|0x80000000"],
  ])("%s of %j: %s → %s", (format, shape, value, expected) => {
    expect(show(format, { shape, value })).toMatchObject({ text: expected, warnings: [] });
  });

  it.each<[string, Shape]>([
    ["nonsense", u32],
    ["constructor", u32],
    ["ip", u16],
    ["ip family", u32],
    ["ip", struct({ v4: u32, v6: bytes(16) })],
    ["port", u8],
    ["port sideways", u16],
    ["mac", bytes(5)],
    ["errno", comm],
    ["signal", comm],
    ["syscall", comm],
    ["exit", comm],
    ["enum nothing_of_that_name", u32],
    ["enum", u32],
    ["flags nothing_of_that_name", u32],
    ["duration fortnights", u64],
    ["duration ns", comm],
    ["timestamp ns sundial", u64],
    ["bytes", comm],
    ["hex", comm],
    ["octal", comm],
    ["mode", comm],
    ["uid", comm],
    ["boolean", comm],
    ["char", comm],
    ["string", u32],
    ["ksym", comm],
    ["stack", u32],
    ["stack kernel", bytes(8)],
  ])("warns once about %s where it does not suit, and shows the plain value", (format, shape) => {
    const value: BpfValue = shape.kind === "integer" ? 7 : shape.kind === "string" ? "7" : [];
    const { text, warnings } = show(format, { shape, value });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(new RegExp(`^it(\\.v4)?: "${format}" .+: shown as it is$`));
    if (shape.kind !== "struct" && shape.kind !== "array") expect(text).toBe("7");
  });

  it("ip MEMBER: the family says which of a union's addresses is meant", () => {
    const union = struct({ v4: u32, v6: bytes(16) }, "");
    const value = { v4: 0x0100007f, v6: v6("7f00:0001:0000:0000:0000:0000:0000:0001") };
    const family = (number: number) => ({ family: { shape: u16, value: number } });
    const at = (number: number) => show("ip family", { shape: union, value, others: family(number) }).text;
    expect(at(2)).toBe("127.0.0.1");
    expect(at(10)).toBe("7f00:1::1");
    expect(at(4)).toBe("127.0.0.1");
    expect(at(6)).toBe("7f00:1::1");
    expect(at(1)).toBe("unknown:1");
    // A member of 16 bytes alone holds the shorter address in its first four.
    const long = { shape: bytes(16), value: value.v6, others: family(2) };
    expect(show("ip family", long).text).toBe("127.0.0.1");
  });

  it("enum and flags take their names from the object, then from the kernel, with or without a name of the enum", () => {
    const object = new BtfBuilder();
    object.add({
      kind: BtfKind.Enum,
      name: "color",
      size: 4,
      signed: false,
      values: [
        { name: "RED", value: 1n },
        { name: "BLUE", value: 2n },
        { name: "PURPLE", value: 3n },
        { name: "BIG", value: 64n },
      ],
    });
    object.add({
      kind: BtfKind.Enum,
      name: "",
      size: 4,
      signed: false,
      values: [{ name: "TCP_LISTEN", value: 10n }],
    });
    const btf = object.build();
    const value = (number: number) => ({ shape: u32, value: number, btf });
    expect(show("enum color", value(2)).text).toBe("BLUE");
    expect(show("enum color", value(9)).text).toBe("unknown:9");
    expect(show("enum TCP_LISTEN", value(10)).text).toBe("TCP_LISTEN");
    expect(show("flags color", value(1 + 64 + 128)).text).toBe("RED|BIG|0x80");
    expect(show("flags color", value(3)).text).toBe("PURPLE");
    expect(show("flags color", value(0)).text).toBe("0");
    const kernel = { shape: u32, value: 2, machine: { kernelTypes: () => btf } };
    expect(show("enum color", kernel).text).toBe("BLUE");
  });

  it("enum without a name on a member that is an enum leaves its number out", () => {
    const shape: Shape = { kind: "enum", size: 4, signed: false, values: [{ name: "A", value: 1n }] };
    expect(show("enum", { shape, value: { name: "A", value: 1 } }).text).toBe("A");
  });

  it("ksym and stack ask the machine, whose lines stand below the row", () => {
    const kernelSymbol = (address: bigint) => (address === 0x10n ? "do_it+0x1" : undefined);
    expect(show("ksym", { shape: u64, value: 0x10n, machine: { kernelSymbol } }).text).toBe("do_it+0x1");
    const shape = array(u64, 4);
    const value = [0x10n, 0x20n, 0n, 0x30n];
    expect(show("stack kernel", { shape, value })).toMatchObject({
      text: "2 frames",
      lines: ["0x0000000000000010", "0x0000000000000020"],
    });
    const asked: unknown[] = [];
    const stackFrames: Machine["stackFrames"] = (...args) => {
      asked.push(args);
      return ["main", "_start"];
    };
    const others = { pid: { shape: u32, value: 42 } };
    expect(show("stack user", { shape, value, others, machine: { stackFrames } }).lines).toEqual([
      "main",
      "_start",
    ]);
    expect(asked).toEqual([["user", [0x10n, 0x20n], 42]]);
  });

  it("never throws, whatever a damaged package makes it show", () => {
    const strange: BpfValue[] = [
      Number.NaN,
      -1,
      2 ** 53,
      -(2n ** 63n),
      2n ** 64n - 1n,
      "",
      [],
      [[]],
      {},
      { name: undefined, value: 3 },
      true,
    ];
    const words = ["ip", "port", "mac", "errno", "signal", "syscall", "exit", "duration ns", "timestamp s"];
    const more = ["bytes", "hex", "octal", "mode", "uid", "boolean", "char", "string", "ksym", "stack user"];
    for (const format of [...words, ...more, "flags open"])
      for (const shape of [u8, u32, u64, u128, comm, bytes(6), bytes(16), array(u64, 3), in6])
        for (const value of strange) expect(typeof show(format, { shape, value }).text).toBe("string");
  });
});
