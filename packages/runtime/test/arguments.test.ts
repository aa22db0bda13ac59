import { describe, expect, it } from "vitest";
import type { Flag, FlagShape } from "../src/arguments/flags.ts";
import { helpText } from "../src/arguments/help.ts";
import { idleSettings } from "../src/arguments/idle-settings.ts";
import { parseArguments as parse, type ToolOptions } from "../src/arguments/parse-arguments.ts";
import { UsageError } from "../src/usage-error.ts";

function flag(name: string, shape: FlagShape, more: Partial<Flag> = {}): Flag {
  return {
    name,
    short: undefined,
    variable: name,
    shape,
    format: undefined,
    constant: true,
    live: true,
    help: `The ${name}`,
    initial: undefined,
    override: undefined,
    spelling: "plain",
    ...more,
  };
}

function tool(flags: readonly Flag[], more: Partial<ToolOptions> = {}): ToolOptions {
  return {
    flags,
    mapFlags: [],
    globals: flags,
    unsettable: new Map(),
    tables: [],
    abilities: new Set(),
    ...more,
  };
}
const parseArguments = (flags: readonly Flag[], args: readonly string[]) => parse(tool(flags), args);

const int = (bits: number, signed: boolean): FlagShape => ({ kind: "integer", bits, signed });
const flags = [
  flag("pid_target", int(32, true), { short: "p" }),
  flag("byte", int(8, false)),
  flag("big", int(64, false)),
  flag("failed", { kind: "bool" }, { spelling: "enable" }),
  flag("targ_on", { kind: "bool" }, { initial: "true" }),
  flag("ratio", { kind: "float", size: 8 }),
  flag("comm", { kind: "string", size: 16 }),
  flag("level", { kind: "enum", size: 4, signed: false, values: [{ name: "LOW", value: 1n }] }),
];
const values = (...args: string[]) => Object.fromEntries(parseArguments(flags, args).variables);

describe("parseArguments", () => {
  it("leaves variables alone that were not mentioned", () => {
    expect(parseArguments(flags, []).variables.size).toBe(0);
  });

  it("takes a value behind a space, behind an equals sign, and behind a letter", () => {
    expect(values("--pid_target", "12")).toEqual({ pid_target: 12n });
    expect(values("--pid_target=-12")).toEqual({ pid_target: -12n });
    expect(values("--pid_target", "-12")).toEqual({ pid_target: -12n });
    expect(values("-p", "7")).toEqual({ pid_target: 7n });
    expect(values("-p7")).toEqual({ pid_target: 7n });
  });

  it("takes several letters behind one dash", () => {
    const options = tool([flag("failed", { kind: "bool" }, { short: "x" }), ...flags]);
    const { own, variables } = parse(options, ["-jxqp7"]);
    expect([...own.keys()]).toEqual(["json", "quiet"]);
    expect(Object.fromEntries(variables)).toEqual({ failed: true, pid_target: 7n });
    expect(Object.fromEntries(parse(options, ["--comm", "-p5", "--filter", "-x > 3"]).variables)).toEqual({
      comm: "-p5",
    });
    expect(() => parse(options, ["-jZ"])).toThrow("there is no option -Z");
    expect(() => parse(options, ["-Zj"])).toThrow("there is no option -Zj");
  });

  it("treats dashes and underscores as the same", () => {
    expect(values("--pid-target", "1", "--targ-on=false")).toEqual({ pid_target: 1n, targ_on: false });
  });

  it("reads hexadecimal, and every value of a type up to its edges", () => {
    expect(values("--byte", "0xff", "--big", "18446744073709551615")).toEqual({
      byte: 255n,
      big: 2n ** 64n - 1n,
    });
    expect(values("--pid_target=-2147483648")).toEqual({ pid_target: -(2n ** 31n) });
  });

  it.each([
    ["--byte", "256"],
    ["--byte", "-1"],
    ["--pid_target", "2147483648"],
    ["--big", "18446744073709551616"],
    ["--byte", "1.5"],
    ["--byte", ""],
    ["--byte", "zwei"],
    ["--ratio", "fast"],
    ["--comm", "sixteen-bytes-ok"],
    ["--level", "HIGH"],
    ["--failed=perhaps"],
    ["--pid_target"],
    ["--nonsense"],
    ["-z"],
    ["stray"],
  ])("refuses %s %s and says what fits", (...args) => {
    expect(() => values(...args)).toThrow(UsageError);
  });

  it("switches bools on and off in every spelling", () => {
    for (const on of ["--failed", "--enable-failed", "--enable_failed", "--failed=true"])
      expect(values(on)).toEqual({ failed: true });
    for (const off of ["--disable-targ_on", "--disable-targ-on", "--no-targ-on", "--targ_on=false"])
      expect(values(off)).toEqual({ targ_on: false });
  });

  it("reads enumerators by name or number, floats, and text that fits with its NUL", () => {
    expect(values("--level", "LOW")).toEqual({ level: 1n });
    expect(values("--level", "5")).toEqual({ level: 5n });
    expect(values("--ratio", "0.5", "--comm", "fifteen-bytes-x")).toEqual({
      ratio: 0.5,
      comm: "fifteen-bytes-x",
    });
  });

  it("applies defaults of the package unless a value is given", () => {
    const own = [flag("n", int(32, true), { override: "5" })];
    expect(parseArguments(own, []).variables.get("n")).toBe(5n);
    expect(parseArguments(own, ["--n", "6"]).variables.get("n")).toBe(6n);
  });

  it("suggests what may have been meant", () => {
    expect(() => values("--pid_traget", "1")).toThrow(
      expect.objectContaining({ next: "did you mean --pid_target?" }),
    );
  });

  it("has options of its own, unless the tool has them", () => {
    const own = parseArguments(flags, ["-j", "--verbose", "-h", "-ocsv", "--fields=pid,-uid"]).own;
    expect(Object.fromEntries(own)).toEqual({
      json: "true",
      verbose: "true",
      help: "true",
      output: "csv",
      fields: "pid,-uid",
    });
    const theirs = [flag("json", int(32, true))];
    expect(parseArguments(theirs, ["--json", "3"]).own.size).toBe(0);
  });

  it("leaves -h to help, and -j to JSON, when the tool has flags of these names", () => {
    const theirs = [flag("help", int(32, true)), flag("json", int(32, true)), flag("quiet", int(8, false))];
    const options = tool([...theirs, flag("questions", int(8, false), { short: "q" })]);
    const { own, variables } = parse(options, ["--help", "4", "-h", "-j", "-q", "3"]);
    expect([...own.keys()]).toEqual(["help", "json"]);
    expect(Object.fromEntries(variables)).toEqual({ help: 4n, questions: 3n });
    const text = helpText({ ...about, invocation: "skep run snoop" }, options);
    expect(text).toMatch(/^ {2}-h {2,}Print help$/m);
    expect(text).not.toMatch(/^ *-q.*Print nothing/m);
  });

  it.each([
    ["--weights", "1"],
    ["--set", "weights=1"],
    ["--set", "weights[0]=1"],
  ])("says that a variable is no scalar: %s %s", (...args) => {
    const options = tool(flags, { unsettable: new Map([["weights", "an array"]]) });
    expect(() => parse(options, args)).toThrow(`${args[0]}: weights is an array, which cannot be set`);
  });

  it.each([["--output"], ["--json=yes"]])("refuses %s", (...args) => {
    expect(() => parseArguments(flags, args)).toThrow(UsageError);
  });
});

const about = { name: "snoop", about: "Snoops.", details: undefined, version: undefined, examples: [] };

describe("helpText", () => {
  it("lists flags, options and defaults", () => {
    const invocation = "skep run snoop";
    const text = helpText({ ...about, invocation }, tool(flags));
    expect(text.slice(0, text.indexOf("      --duration"))).toBe(`Snoops.

Usage: skep run snoop [OPTIONS]

Options:
  -p, --pid_target <pid_target>    The pid_target [default: 0]
      --byte <byte>                The byte [default: 0]
      --big <big>                  The big [default: 0]
      --enable-failed              The failed
      --disable-targ_on            The targ_on [default: true]
      --ratio <ratio>              The ratio
      --comm <comm>                The comm
      --level <level>              The level [LOW]
`);
    expect(text).toContain("\n  -o, --output <FORMAT>            table, json");
    expect(text).toMatch(
      /\n {2}-V, --version {20}Print version\n\nExamples:\n {2}sudo skep run snoop --duration 10s\n {2}sudo skep run snoop --json\n$/,
    );
  });
});

describe("examples in the help", () => {
  it("are as they can be typed", () => {
    const examples = ["snoop --byte 3", "snoop", "skep run snoop | head"];
    const text = helpText({ ...about, examples, invocation: "skep run snoop" }, tool(flags));
    expect(text.slice(text.indexOf("Examples:"))).toBe(
      "Examples:\n  sudo skep run snoop --byte 3\n  sudo skep run snoop\n  skep run snoop | head\n",
    );
  });
});

describe("a constant that the compiler has put into the code", () => {
  const folded = (name: string, shape: FlagShape, more: Partial<Flag> = {}) =>
    flag(name, shape, { live: false, ...more });
  const idle = [folded("pid_filter", int(32, true)), folded("json", { kind: "bool" })];

  it("is taken from the command line, and said to change nothing", () => {
    const { variables } = parseArguments(idle, ["--pid_filter", "7"]);
    expect(Object.fromEntries(variables)).toEqual({ pid_filter: 7n });
    expect(idleSettings(idle, variables)).toEqual([
      expect.stringContaining("setting pid_filter changes nothing"),
    ]);
    expect(idleSettings(idle, new Map())).toEqual([]);
  });

  it("says nothing of what the package itself sets", () => {
    const own = [folded("limit", int(32, true), { override: "5" })];
    expect(idleSettings(own, parseArguments(own, []).variables)).toEqual([]);
    expect(idleSettings(own, parseArguments(own, ["--limit=6"]).variables)).toHaveLength(1);
  });

  it("stands apart in the help, and takes no name of ours", () => {
    const text = helpText({ ...about, invocation: "skep run x" }, tool(idle));
    const [options, rest = ""] = text.split("Without effect");
    expect(options).not.toContain("pid_filter");
    expect(options).toContain("-j, --json");
    expect(rest).toContain("--pid_filter <pid_filter>");
    expect(parseArguments(idle, ["--json"]).own.has("json")).toBe(true);
  });
});
