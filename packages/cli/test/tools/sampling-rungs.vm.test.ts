import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runInVm, VM_KERNELS, vmUnavailable, withBundle } from "../../../../test/vm.ts";
import type { ToolReport } from "./in-vm/tool-run.ts";
import { NativeProgram } from "./native.ts";
import type { Sampling } from "./samples-in-vm.ts";

/** A machine without KVM on a busy host has no time for more. */
const FREQUENCY = 99;
const BURN_SECONDS = 3;
const NAPS = 5;
const NAP_NS = 40e6;

interface Row {
  readonly key: { readonly pid: number; readonly comm: string };
  /** A count, or some that belong together. */
  readonly value: number | Readonly<Record<string, number>>;
  readonly stacks: { readonly kernel?: readonly string[]; readonly user?: readonly string[] };
}

/** Rows whose stack, of one side and the innermost first, has these functions somewhere, one right after the other. */
function through(
  rows: readonly Row[],
  side: "kernel" | "user",
  ...functions: readonly string[]
): readonly Row[] {
  return rows.filter(({ stacks }) => {
    const names = (stacks[side] ?? []).map((frame) => frame.replace(/\+0x.*/, ""));
    return names.some((_, begin) => functions.every((name, index) => names[begin + index] === name));
  });
}

const sum = (rows: readonly Row[], member?: string) =>
  rows.reduce(
    (all, { value }) => all + (typeof value === "number" ? value : (value[member ?? ""] ?? Number.NaN)),
    0,
  );
const bytesAndCount = (rows: readonly Row[]) => [sum(rows, "bytes"), sum(rows, "count")];

const programs = new Map<string, NativeProgram>();
const pathOf = (name: string) => programs.get(name)?.path ?? "";
let directory: string;

beforeAll(() => {
  const withFrames = ["-fno-omit-frame-pointer"];
  for (const name of ["burn", "block", "leak", "kernel-leak"])
    programs.set(name, new NativeProgram(name, withFrames, "clang"));
  directory = mkdtempSync(join(tmpdir(), "skep-sampling-"));
});

afterAll(() => {
  for (const program of programs.values()) program[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

interface Case {
  readonly name: string;
  run(): Sampling;
  check(rows: readonly Row[]): void;
}

const offcpu = (rung: string): Case => ({
  name: `offcpu ${rung}`,
  // A command would be stopped for an instant, and continue its first nap.
  run: () => ({
    args: ["offcpu", "--rung", `switch/${rung}`, "--comm", "block"],
    meanwhile: `${pathOf("block")} ${NAPS} ${NAP_NS / 1e6}; read -r _`,
  }),
  check(rows) {
    // It waits for its own pages, too.
    const naps = through(through(rows, "user", "clock_nanosleep", "main"), "kernel", "do_nanosleep");
    expect(sum(naps, "count")).toBe(NAPS);
    // The clock of a nap runs a little before the CPU is left: a millisecond, on a busy host.
    expect(sum(naps, "total_ns")).toBeGreaterThanOrEqual(NAPS * NAP_NS * 0.9);
    const [locked, ...more] = rows.filter(
      (row) =>
        through([row], "kernel", "futex_wait").length + through([row], "kernel", "__futex_wait").length,
    );
    expect(locked).toBeDefined();
    expect(more.length).toBeLessThan(5);
    for (const { stacks } of rows) expect(stacks.kernel?.[0]).toMatch(/^__schedule\+/);
  },
});

/** One start of a virtual machine does for all. */
const CASES: readonly Case[] = [
  {
    name: "profile",
    run: () => ({
      args: ["profile", "--freq", String(FREQUENCY), "--", pathOf("burn"), String(BURN_SECONDS)],
    }),
    check(rows) {
      const samples = rows.filter(({ key }) => key.comm === "burn");
      const hot = sum(through(samples, "user", "hot", "step", "work", "main"));
      const cold = sum(through(samples, "user", "cold", "step", "work", "main"));
      // What it does besides, and samples that come late.
      expect((hot + cold) / FREQUENCY).toBeGreaterThan(BURN_SECONDS * 0.5);
      expect((hot + cold) / FREQUENCY).toBeLessThan(BURN_SECONDS * 1.25);
      expect(hot / (hot + cold)).toBeGreaterThan(0.65);
      expect(hot / (hot + cold)).toBeLessThan(0.85);
    },
  },
  offcpu("tp_btf"),
  offcpu("raw_tp"),
  {
    name: "memleak of a command",
    run: () => ({ args: ["memleak", "--interval", "60", "--", pathOf("leak")] }),
    check(rows) {
      const leaked = (name: string) => bytesAndCount(through(rows, "user", name, "main"));
      expect(leaked("leak_small")).toEqual([6400, 100]);
      expect(leaked("free_small")).toEqual([0, 0]);
      expect(leaked("leak_zeroed")).toEqual([10_000, 10]);
      expect(leaked("leak_grown")).toEqual([5000, 1]);
      expect(leaked("leak_failed")).toEqual([300, 1]);
      expect(leaked("leak_aligned")).toEqual([3 * 4096, 3]);
      expect(leaked("leak_mapped")).toEqual([2 * 65_536 + 4096, 3]);
    },
  },
  {
    name: "memleak of the kernel",
    run: () => ({
      args: ["memleak", "--pages", "--interval", "60"],
      // Where interrupts are off the kernel puts by room for our own maps afterwards, which must not count.
      meanwhile: `for _ in 1 2 3 4 5 6 7 8 9 10; do cat /etc/services | wc -l >&2; done; exec ${pathOf("kernel-leak")}`,
    }),
    check(rows) {
      // The second frame: a slab may take whole pages in a deeper call.
      const pipes = through(rows, "kernel", "alloc_pipe_info", "create_pipe_files").filter(
        ({ stacks }) => stacks.kernel?.[1]?.startsWith("alloc_pipe_info+") === true,
      );
      const [bytes = 0, count] = bytesAndCount(pipes);
      expect(count).toBe(2 * 250);
      // A pipe_inode_info from the slab of 192 bytes, and 16 buffers of 40 bytes from that of 1024.
      expect(bytes).toBe(250 * (192 + 1024));
      const pages = rows.filter(({ stacks }) =>
        stacks.kernel?.some((frame) => frame.startsWith("__mm_populate+")),
      );
      // And at most one for the page table, one for its directory.
      expect(sum(pages, "count")).toBeGreaterThanOrEqual(600);
      expect(sum(pages, "count")).toBeLessThanOrEqual(602);
      expect(sum(pages, "bytes")).toBe(sum(pages, "count") * 4096);
      const perCpu = rows.filter(
        ({ stacks }) =>
          /^pcpu_alloc/.test(stacks.kernel?.[0] ?? "") &&
          stacks.kernel?.some((frame) => /^__.*sys_bpf\+/.test(frame)),
      );
      expect(sum(perCpu, "count")).toBe(100);
      expect(sum(perCpu, "bytes")).toBeGreaterThanOrEqual(100 * 8);
    },
  },
];

describe.each(VM_KERNELS)("profile, offcpu and memleak on Linux %s", (kernel) => {
  it("tell the truth", { timeout: 400_000 }, async (context) => {
    const reason = await vmUnavailable(kernel);
    if (reason !== undefined) return context.skip(reason);
    const file = join(directory, `${kernel}.json`);
    writeFileSync(file, JSON.stringify(CASES.map(({ run }) => run())));
    const script = fileURLToPath(new URL("samples-in-vm.ts", import.meta.url));
    const { stdout, stderr } = await withBundle(script, (path) =>
      runInVm(kernel, ["node", path, file], { timeoutSeconds: 300 }),
    );
    expect(stdout, stderr).toMatch(/^\[/);
    const reports = JSON.parse(stdout) as readonly ToolReport[];
    const problems = CASES.flatMap(({ name, check }, index) => {
      const report = reports[index];
      try {
        expect(report?.code).toBe(0);
        expect(report?.stderr).toContain(" 0 lost");
        check(report?.events ?? []);
        return [];
      } catch (error) {
        return [`${name}: ${(error as Error).message}\n${report?.stderr}`];
      }
    });
    expect(problems).toEqual([]);
  });
});
