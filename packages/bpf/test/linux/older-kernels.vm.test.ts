import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runInVm, VM_KERNELS, vmUnavailable, withBundle } from "../../../../test/vm.ts";

export interface KernelReport {
  readonly version: number;
  readonly release: string;
  readonly possibleCpus: number;
  readonly types: number;
  readonly tracepoint: number;
  readonly value: readonly number[];
  readonly modules: number;
  readonly kprobe: boolean;
  /** Features that a kernel of this age should have, and nothing explains why not. */
  readonly wrong: readonly string[];
  readonly has: readonly string[];
}

const ABSENT: Readonly<Record<(typeof VM_KERNELS)[number], readonly string[]>> = {
  "5.10": [
    "memcgAccounting",
    "bpfCookie",
    "perfLink",
    "btfEnum64",
    "kprobeMulti",
    "tcx",
    "BPF_MAP_TYPE_BLOOM_FILTER",
  ],
  "6.1": ["uprobeMulti", "tcx", "BPF_PROG_TYPE_NETFILTER", "BPF_MAP_TYPE_CGRP_STORAGE"],
  "6.12": ["btfTypeTagAttr"],
};

describe.each(VM_KERNELS)("on kernel %s", (kernel) => {
  it("calls work, facts are read, and features are told as they are", async (ctx) => {
    const reason = await vmUnavailable(kernel);
    if (reason !== undefined) return ctx.skip(reason);
    const entry = fileURLToPath(new URL("report-kernel.ts", import.meta.url));
    const { status, stdout, stderr } = await withBundle(entry, (path) => runInVm(kernel, ["node", path]));
    expect(status, stderr).toBe(0);
    const report: KernelReport = JSON.parse(stdout);

    expect(`${report.version >> 16}.${(report.version >> 8) & 255}`).toBe(kernel);
    expect(report.release.startsWith(`${kernel}.`)).toBe(true);
    // The third number of Debian's 5.10 and 6.1 is the package's; the true one is far from 0.
    expect(report.version & 255).toBeGreaterThan(50);
    expect(report.value).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(report.possibleCpus).toBeGreaterThan(0);
    expect(report.types).toBeGreaterThan(10_000);
    expect(report.tracepoint).toBeGreaterThan(0);
    expect(report.kprobe).toBe(true);
    expect(report.wrong).toEqual([]);
    expect(ABSENT[kernel].filter((name) => report.has.includes(name))).toEqual([]);
  });
});
