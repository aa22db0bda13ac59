import { execFileSync } from "node:child_process";
import { mkdirSync, rmdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { UnsupportedError } from "@skep/bpf";
import type { Package } from "@skep/package";
import { beforeAll, describe, expect, it } from "vitest";
import { compileFixture } from "../../bpf/test/compile-fixture.ts";
import { cgroupRoot } from "../src/attach/cgroup-root.ts";
import { UsageError } from "../src/usage-error.ts";
import { compileTool, ownMaps, RunningPackage, readEntries, readSection } from "./running-package.ts";

let tool: Package;
beforeAll(async () => {
  tool = await compileTool("every-flag.bpf.c");
});

/** What the kernel holds when the tool runs with these arguments. */
async function variables(...args: string[]): Promise<Record<string, unknown>> {
  await using _ = await new RunningPackage(tool, args).attached();
  return {
    ...readSection(".rodata").variables,
    ...readSection(".data").variables,
    ...readSection(".bss").variables,
  };
}

/** As the C source has it. */
const DEFAULTS = {
  a_s8: -1,
  a_u8: 1,
  a_s16: -2,
  a_u16: 2,
  a_s32: -3,
  a_u32: 3,
  a_s64: -4,
  a_u64: 4,
  a_char: 99,
  a_long: 5,
  a_size: 6,
  a_uid: 7,
  a_pid: 8,
  a_yes: true,
  a_no: false,
  a_text: "text",
  min_us: 100,
  a_limit: 4096,
  a_port: 0,
  an_address: 0,
  level_number: 3,
  filter_ports: false,
  secret: false,
  only_process: 0,
  target_comm: "",
  targ_uid: 0,
  cgroup_target: 0,
  filter_cg: false,
  in_data: 5,
  in_bss: 0,
};

describe("what reaches the kernel, read back by bpftool", () => {
  it("is what the C source says, when no flag is given", async () => {
    expect(await variables()).toMatchObject(DEFAULTS);
  });

  it.each([
    [["--a_s8=-128", "--a_u8", "255"], { a_s8: -128, a_u8: 255 }],
    [["--a_s16", "32767", "--a_u16", "0xffff"], { a_s16: 32767, a_u16: 65535 }],
    [["--a_s32", "-2147483648", "--a_u32", "4294967295"], { a_s32: -2147483648, a_u32: 4294967295 }],
    // bpftool prints whole numbers; JavaScript reads those beyond 2^53 inexactly, so that these are below.
    [
      ["--a-s64", "-9007199254740991", "--a_u64", "9007199254740991"],
      { a_s64: -9007199254740991, a_u64: 9007199254740991 },
    ],
    [
      ["--a_long", "0x10", "--a-size", "17", "--a_uid=18", "--a_pid=-1"],
      { a_long: 16, a_size: 17, a_uid: 18, a_pid: -1 },
    ],
    [["--no-a_yes", "--a-no"], { a_yes: false, a_no: true }],
    [["--disable-a-yes", "--enable-a_no"], { a_yes: false, a_no: true }],
    [["--a_yes=off", "--a_no=on"], { a_yes: false, a_no: true }],
    [["--a_text", "fifteen bytes !"], { a_text: "fifteen bytes !" }],
    // bpftool prints what is not ASCII as bytes.
    [["--a_text", "ü"], { a_text: [-61, -68, ...new Array<number>(14).fill(0)] }],
    [["--min", "10ms"], { min_us: 10_000 }],
    [["-m", "1m30s"], { min_us: 90_000_000 }],
    [["--min=7"], { min_us: 7 }],
    [["--a_limit", "64k"], { a_limit: 65536 }],
    [["--a_limit", "1.5MiB"], { a_limit: 1572864 }],
    [["--a_port", "443"], { a_port: 0xbb01 }],
    [["--an_address", "10.0.0.1"], { an_address: 0x0100000a }],
    [["--level_number", "HIGH"], { level_number: 7 }],
    [["--in_data", "41", "--in_bss", "42"], { in_data: 41, in_bss: 42 }],
    [["--set", "secret=true", "--set", "in_data=-9", "--set=a_u8=7"], { secret: true, in_data: -9, a_u8: 7 }],
    [["--pid", "1234"], { only_process: 1234 }],
    [
      ["-p1234", "--comm", "bash", "--uid", "daemon"],
      { only_process: 1234, target_comm: "bash", targ_uid: 1 },
    ],
  ] as const)("is changed by %j as asked, and nothing else is", async (args, changed) => {
    expect(await variables(...args)).toMatchObject({ ...DEFAULTS, ...changed });
  });

  it("has floating-point numbers in their own format, and 64 bits exactly", async () => {
    const args = ["--a_float", "1.5", "--a_double", "-1e300", "--a_u64", "18446744073709551615"];
    await using _ = await new RunningPackage(tool, args).attached();
    const { bytes } = readSection(".rodata");
    expect(bytes.getFloat32(placeOf("a_float"), true)).toBe(1.5);
    expect(bytes.getFloat64(placeOf("a_double"), true)).toBe(-1e300);
    expect(bytes.getBigUint64(placeOf("a_u64"), true)).toBe(2n ** 64n - 1n);
  });

  it("has the keys that were given for a map, and the bool that goes with them", async () => {
    await using _ = await new RunningPackage(tool, [
      "--ports",
      "80,443",
      "-P",
      "8080",
      "--weights",
      "a=5,b",
    ]).attached();
    const ports = readEntries("ports").map(({ key, value }) => [key, value]);
    expect(ports.sort()).toEqual(
      [
        [swap(80), 1],
        [swap(443), 1],
        [swap(8080), 1],
      ].sort(),
    );
    expect(readEntries("weights")).toEqual(
      expect.arrayContaining([
        { key: "a", value: 5 },
        { key: "b", value: 1 },
      ]),
    );
    expect(readSection(".rodata").variables).toMatchObject({ filter_ports: true });
  });

  it("has a cgroup's id, and turns the filter on", async () => {
    const path = `${cgroupRoot()}/skep-test-${process.pid}`;
    mkdirSync(path);
    try {
      const expected = { cgroup_target: Number(statSync(path).ino), filter_cg: true };
      expect(await variables("--cgroup", path)).toMatchObject(expected);
      expect(await variables("--cgroup", path.slice(cgroupRoot().length))).toMatchObject(expected);
      expect(await variables("--cgroup", "17")).toMatchObject({ cgroup_target: 17, filter_cg: true });
    } finally {
      rmdirSync(path);
    }
  });
});

describe("an object without BTF", () => {
  it("has the flags that its package describes, typed as the package says", async () => {
    const file = fileURLToPath(new URL("fixtures/no-types.bpf.c", import.meta.url));
    const object = compileFixture(file, { debug: false });
    const variables = [
      { name: "pid_target", type: "pid_t" },
      { name: "min_ns", type: "__u64" },
      { name: "failed", type: "bool" },
      { name: "name", type: "char[8]" },
      { name: "unknown", type: "struct event *" },
    ];
    const bpf_skel = {
      obj_name: "no_types_bpf",
      maps: [],
      progs: [{ name: "watch", attach: "tp/syscalls/sys_enter_getpgid", link: true }],
      data_sections: [{ name: ".rodata", variables }],
    };
    const args = ["--pid_target", "-2", "--min-ns", "0x0102030405060708", "--failed", "--name", "zsh"];
    const old: Package = { object, meta: { bpf_skel }, extra: {} };
    await using run = await new RunningPackage(old, args).attached();
    const map = ownMaps().find(({ name }) => name.endsWith(".rodata"));
    const text = execFileSync("bpftool", ["-j", "map", "dump", "id", String(map?.id)], { encoding: "utf8" });
    const [{ value }] = JSON.parse(text) as [{ value: string[] }];
    const bytes = Buffer.from(value.map(Number));
    expect(bytes.indexOf(Buffer.from("0807060504030201", "hex"))).toBeGreaterThanOrEqual(0);
    expect(bytes.indexOf(Buffer.from("feffffff", "hex"))).toBeGreaterThanOrEqual(0);
    expect(bytes.indexOf(Buffer.from("zsh\0\0\0\0\0"))).toBeGreaterThanOrEqual(0);
    expect(run.stderr).not.toContain("warning");
  });
});

/** Where llvm put a variable of `.rodata`. */
function placeOf(name: string): number {
  const path = execFileSync("mktemp", { encoding: "utf8" }).trim();
  execFileSync("sh", ["-c", `cat > ${path}`], { input: tool.object });
  try {
    const symbols = execFileSync("readelf", ["-sW", path], { encoding: "utf8" });
    const line = symbols.split("\n").find((text) => text.endsWith(` ${name}`)) ?? "";
    return Number.parseInt(line.trim().split(/\s+/)[1] ?? "", 16);
  } finally {
    execFileSync("rm", [path]);
  }
}

function swap(port: number): number {
  return ((port & 0xff) << 8) | (port >> 8);
}

describe("what cannot be", () => {
  it.each([
    [["--a_s8", "128"], "does not fit into 8 signed bits"],
    [["--min", "1ns"], "not a whole number of us"],
    [["--min", "soon"], "is not a time"],
    [["--a_u32", "64k"], "is not an integer"],
    [["--a_port", "65536"], "no port"],
    [["--a_float", "1e39"], "does not fit into a float"],
    [["--level_number", "HIHG"], "there is no"],
    [["--secret"], "no option --secret"],
    [["--lost_events", "1"], "no option --lost_events"],
    [["--text_in_bss", "x"], "no option --text_in_bss"],
    [["--set", "nothing=1"], "no variable nothing"],
    [["--set", "secret"], "not of the form NAME=VALUE"],
    [["--ports", "80,http"], "is not a port"],
    [["--ports", "1,2,3,4,5"], "has room for 4"],
    [["--weights", "a=b"], "is not an integer"],
    [["--cgroup", "/no/such/group"], "there is no cgroup"],
    [["--tid", "5"], "nothing for --tid to act on"],
    [["--iface", "lo"], "attaches to no network interface"],
    [["--duration", "soon"], "is not a time"],
    [["--count", "0"], "is not a positive integer"],
    [["--pid", "-5x"], "is not a positive integer"],
  ] as const)("is refused before anything is attached: %j", async (args, message) => {
    await using run = new RunningPackage(tool, args);
    await expect(run.end).rejects.toThrow(UsageError);
    await expect(run.end).rejects.toThrow(message);
  });

  it("types of another kernel are read from the file that --btf names", async () => {
    await using run = new RunningPackage(tool, ["--btf", "/sys/kernel/btf/vmlinux"]);
    await run.attached();
    await using missing = new RunningPackage(tool, ["--btf", "/nowhere"]);
    await expect(missing.end).rejects.toThrow("--btf: cannot read /nowhere");
    await using broken = new RunningPackage(tool, ["--btf", "/etc/passwd"]);
    await expect(broken.end).rejects.not.toBeInstanceOf(UnsupportedError);
  });
});

describe("an end that was asked for", () => {
  it("comes after the duration", async () => {
    await using run = new RunningPackage(tool, ["--duration", "50ms"]);
    expect((await run.end).exitCode).toBe(0);
    expect(run.stderr).toContain("0 events");
  });

  it("is quiet when asked to be", async () => {
    await using run = new RunningPackage(tool, ["--duration", "50ms", "--quiet"]);
    await run.end;
    expect(run.stderr + run.stdout).toBe("");
  });

  it("tells what is attached when asked to", async () => {
    await using run = new RunningPackage(tool, ["--duration", "50ms", "--verbose"]);
    await run.end;
    expect(run.stderr).toContain("attached to tracepoint syscalls:sys_enter_getpgid");
  });
});
